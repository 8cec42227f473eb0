"""The few layers Keras lacks: fade-in, pixel shuffle, a style for each person.

Written with `keras.ops` alone, so that TensorFlow, JAX and PyTorch run them.
Images are channels-last: `(batch, height, width, channels)`.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("helpers")
class FadeIn(keras.layers.Layer):
    """Fades from an old path through the network to a new one.

    `blend * new + (1 - blend) * old`. At 0 the network is the one of the
    level below, at 1 the old path no longer matters.

    Call arguments:
        new: float tensor, shape `(batch, height, width, channels)`.
        old: float tensor of the same shape.
        blend: float tensor, shape `(batch, 1)`, in 0-1.

    Reference:
        Karras et al., 2018, "Progressive growing of GANs for improved
        quality, stability, and variation", figure 2.
    """

    def call(self, new, old, blend):
        blend = ops.reshape(blend, (-1, 1, 1, 1))
        return blend * new + (1.0 - blend) * old


@keras.saving.register_keras_serializable("helpers")
class PixelShuffle(keras.layers.Layer):
    """Turns groups of four channels into twice the height and width.

    Input shape:
        `(batch, height, width, 4 * channels)`.

    Output shape:
        `(batch, 2 * height, 2 * width, channels)`.

    Reference:
        Shi et al., 2016, "Real-time single image and video super-resolution
        using an efficient sub-pixel convolutional neural network", equation
        4.
    """

    def call(self, inputs):
        return ops.depth_to_space(inputs, 2, data_format="channels_last")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        double = [
            None if side is None else 2 * side for side in (height, width)
        ]
        return (batch, *double, channels // 4)


@keras.saving.register_keras_serializable("helpers")
class PersonStyle(keras.layers.Layer):
    """Scales and shifts each channel by two numbers learned for each person.

    One decoder can so serve a whole crowd: all its convolutions are common,
    and what tells one face from another has to fit into these numbers.

    Args:
        people: int. How many people there are.

    Call arguments:
        inputs: float tensor, shape `(batch, height, width, channels)`.
        person: integer tensor, shape `(batch, 1)`, from 0 to `people - 1`.

    Reference:
        Perez et al., 2018, "FiLM: visual reasoning with a general
        conditioning layer", equation 1.
    """

    def __init__(self, people, **kwargs):
        super().__init__(**kwargs)
        if people < 1:
            raise ValueError(
                f"A crowd has at least one person. Received: people={people!r}"
            )
        self.people = people

    def build(self, input_shape):
        shape = (self.people, input_shape[-1])
        self.scale = self.add_weight(
            name="scale", shape=shape, initializer="ones"
        )
        self.shift = self.add_weight(
            name="shift", shape=shape, initializer="zeros"
        )
        self.built = True

    def call(self, inputs, person):
        person = ops.reshape(ops.cast(person, "int32"), (-1,))
        scale = ops.take(self.scale, person, axis=0)[:, None, None, :]
        shift = ops.take(self.shift, person, axis=0)[:, None, None, :]
        return inputs * scale + shift

    def get_config(self):
        return {**super().get_config(), "people": self.people}


@keras.saving.register_keras_serializable("helpers")
class HeatmapPoints(keras.layers.Layer):
    """Reads where each heatmap is hot: the mean place of its softmax.

    The mean is finer than a cell and has a gradient, unlike the hottest cell.

    Args:
        reach: float, at least 1. Side of the square that the heatmap stands
            for, in sides of the picture: above 1, points may lie beyond the
            picture's edge.

    Input shape:
        `(batch, height, width, points)`, any values.

    Output shape:
        `(batch, points, 3)`: x and y in the picture, 0 at its left or upper
        edge and 1 at the other; and how far the heat is spread about them
        (standard deviation), in the same unit.

    Reference:
        Sun et al., 2018, "Integral human pose regression", equation 2.
    """

    def __init__(self, reach=1.2, **options):
        super().__init__(**options)
        self.reach = reach

    def call(self, inputs):
        _, height, width, points = inputs.shape
        heat = ops.reshape(inputs, (-1, height * width, points))
        heat = ops.softmax(heat, axis=1)
        places = [
            ((ops.arange(side, dtype=heat.dtype) + 0.5) / side - 0.5)
            * self.reach
            + 0.5
            for side in (width, height)
        ]
        x, y = ops.meshgrid(*places)
        x, y = (ops.reshape(place, (1, -1, 1)) for place in (x, y))
        mean_x, mean_y = (ops.sum(heat * place, axis=1) for place in (x, y))
        away = (x - mean_x[:, None]) ** 2 + (y - mean_y[:, None]) ** 2
        spread = ops.sqrt(ops.sum(heat * away, axis=1) + 1e-9)
        return ops.stack((mean_x, mean_y, spread), axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[3], 3)

    def get_config(self):
        return {**super().get_config(), "reach": self.reach}
