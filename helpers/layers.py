"""The two layers that Keras lacks: fade-in, and a style for each person.

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

    Example:
        >>> from helpers.layers import FadeIn
        >>> new, old = np.ones((1, 2, 2, 1)), np.zeros((1, 2, 2, 1))
        >>> float(FadeIn()(new, old, np.array([[0.25]]))[0, 0, 0, 0])
        0.25

    Reference:
        Karras et al., 2018, "Progressive growing of GANs for improved
        quality, stability, and variation", figure 2.
    """

    def call(self, new, old, blend):
        blend = ops.reshape(blend, (-1, 1, 1, 1))
        return blend * new + (1.0 - blend) * old


@keras.saving.register_keras_serializable("helpers")
class PersonStyle(keras.layers.Layer):
    """Scales and shifts each channel by two numbers learned for each person.

    So one decoder serves a whole crowd: all its convolutions are common, and
    what tells one face from another has to fit into these numbers.

    Args:
        people: int. How many people there are.

    Call arguments:
        inputs: float tensor, shape `(batch, height, width, channels)`.
        person: integer tensor, shape `(batch, 1)`, from 0 to `people - 1`.

    Raises:
        ValueError: if there is nobody.

    Example:
        >>> import keras
        >>> from helpers.layers import PersonStyle
        >>> style = PersonStyle(people=2)
        >>> style.build((None, 4, 4, 1))
        >>> _ = style.shift.assign([[0], [5]])
        >>> styled = style(np.ones((2, 4, 4, 1)), person=np.array([[0], [1]]))
        >>> keras.ops.convert_to_numpy(styled)[:, 0, 0, 0].tolist()
        [1.0, 6.0]

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
