"""Stored crops on the device -> what a step of training sees, cut inside it.

On a GPU the threads that cut batches with OpenCV are slower than the network.
Here all crops lie on the device as bytes, and the compiled step cuts them: it
is given some sixty numbers a picture, which say how. The pictures are those of
`IdentityData`, up to OpenCV's rounding.
"""

import cv2
import keras
import numpy as np
from keras import ops

from helpers.encoder_decoder import resolution_of
from helpers.losses import MaskedFaceLoss
from helpers.swapper import face_key

GRID = 5  # points a side of a warp, as in `augmentation.sample_warp()`
# what says how a picture is cut, see `DeviceCrops.sample()`
CUTS = {"row": (1,), "view": (2, 3), "warp": (GRID, GRID, 2), "light": (3,)}


def cut_pictures(stored, rows, positions):
    """Pixels between those of stored pictures: four neighbours, weighed.

    Beyond the edge its last pixels go on.

    Args:
        stored: uint8 tensor, shape `(faces, size, size, channels)`.
        rows: int32 tensor, shape `(batch, 1)`, from 0 to `faces - 1`.
        positions: float32 tensor, shape `(batch, height, width, 2)`: `(x, y)`
            in stored pixels.

    Returns:
        float32 tensor, shape `(batch, height, width, channels)`, 0-1.
    """
    faces, size, _, channels = stored.shape
    pixels = ops.reshape(stored, (faces * size * size, channels))
    positions = ops.clip(positions, 0.0, size - 1.0)
    corners = ops.minimum(ops.floor(positions), size - 2.0)
    right, down = ops.split(positions - corners, 2, axis=-1)
    corners = ops.cast(corners, "int32")
    first = ops.reshape(rows, (-1, 1, 1)) * (size * size)
    first = first + corners[..., 1] * size + corners[..., 0]

    def tap(offset):
        return ops.cast(ops.take(pixels, first + offset, axis=0), "float32")

    above = tap(0) * (1 - right) + tap(1) * right
    below = tap(size) * (1 - right) + tap(size + 1) * right
    return (above * (1 - down) + below * down) / 255


def view_positions(view, positions):
    """Where network pixels lie in a stored crop.

    Not by a product of matrices: GPUs round what goes into one to 11 bits,
    and a place in 320 pixels would be wrong by a tenth of one.

    Args:
        view: float32 tensor, shape `(batch, 2, 3)`, as from
            `augmentation.sample_view()`.
        positions: float32 tensor, shape `(batch or 1, height, width, 2)`:
            `(x, y)` in network pixels.

    Returns:
        float32 tensor, shape `(batch, height, width, 2)`.
    """
    view = ops.reshape(view, (-1, 1, 1, 2, 3))
    x, y = positions[..., :1], positions[..., 1:]
    return x * view[..., 0] + y * view[..., 1] + view[..., 2]


class DeviceCrops(keras.layers.Layer):
    """All crops of an identity, which cuts what a step sees of them.

    In float32 whatever the network computes in: bfloat16 has no numbers for
    the places of 256 pixels.

    Args:
        crops: uint8 array, shape `(faces, size, size, 3)`.
        masks: uint8 array, shape `(faces, size, size)`, 0-255.
        coverage: float. Share of a stored crop that the network sees.
        resolution: int. Side of the network crop at the top level.
        weights: float32 array, shape `(resolution, resolution)`, how much
            each pixel of a face counts, or `None`.

    Call arguments:
        cuts: dict of tensors from `sample()`.
        blend: float tensor, shape `(batch, 1)`.
        level: int.

    Returns:
        `(inputs, targets)`: float32 tensors, shape `(batch, side, side, 3)`
        and `(batch, side, side, 4)`, see `TrainingData`.

    Raises:
        ValueError: if there are more pixels than 32 bits can count.
    """

    def __init__(self, crops, masks, coverage, resolution, weights=None):
        super().__init__(dtype="float32")
        if masks.size >= 2**31:
            raise ValueError(
                "The pixels of an identity's crops are counted in 32 bits: at "
                f"most {2**31 - 1}. Received: crops of shape {crops.shape}. "
                "Take fewer, or smaller ones."
            )
        self.coverage, self.resolution = coverage, resolution
        self.pixel_weights = None if weights is None else weights[..., None]
        # what a point of a warp adds to each row or column, by OpenCV's rule
        self.spread = cv2.resize(
            np.eye(GRID, dtype="float32"),
            (GRID, resolution),
            interpolation=cv2.INTER_CUBIC,
        )
        stored = np.concatenate([crops, masks[..., None]], axis=-1)
        self.stored = self.add_weight(
            name="stored",
            shape=stored.shape,
            dtype="uint8",
            initializer="zeros",
            trainable=False,
        )
        self.stored.assign(stored)

    def sample(self, random, count, options):
        """Which crops are seen, and how turned, warped and lit.

        The distributions of `augmentation`, for many pictures at a time.

        Args:
            random: `numpy.random.Generator`.
            count: int.
            options: dict for `augmentation`.

        Returns:
            dict of arrays `(count, ...)`: `row`, int32; float32 `view`;
            `warp`, of grid points in network pixels; `light`, factors.
        """
        faces, size, _, _ = self.stored.shape
        angle = np.radians(options["rotation"]) * random.uniform(-1, 1, count)
        scale = 1 + options["zoom"] * random.uniform(-1, 1, count)
        scale *= self.coverage * size / self.resolution
        shift = options["shift"] * random.uniform(-1, 1, (count, 2))
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        turn = np.stack([cos, -sin, sin, cos], axis=1).reshape(count, 2, 2)
        middle = (size - 1) / 2 + self.coverage * size * shift
        middle -= turn.sum(axis=2) * (self.resolution - 1) / 2
        light = random.normal(size=(count, 1))
        light = light + 0.4 * random.normal(size=(count, 3))
        points = random.normal(size=(count, GRID, GRID, 2))
        return {
            "row": random.integers(faces, size=(count, 1)).astype("int32"),
            "view": np.float32(np.concatenate([turn, middle[..., None]], 2)),
            "warp": np.float32(options["warp"] * self.resolution * points),
            "light": np.float32(np.exp(options["light"] * light)),
        }

    def call(self, cuts, blend, level):
        steps = np.arange(self.resolution, dtype="float32")
        straight = ops.stack(ops.meshgrid(steps, steps), axis=-1)[None]
        warp = ops.einsum(
            "yi,bijc,xj->byxc", self.spread, cuts["warp"], self.spread
        )
        seen, shown = (
            cut_pictures(
                self.stored, cuts["row"], view_positions(cuts["view"], places)
            )
            for places in (straight + warp, straight)
        )
        light = ops.reshape(cuts["light"], (-1, 1, 1, 3))
        seen = ops.minimum(seen[..., :3] * light, 1.0)
        if self.pixel_weights is not None:
            mask = ops.multiply(shown[..., 3:], self.pixel_weights)
            shown = ops.concatenate([shown[..., :3], mask], axis=-1)
        return tuple(self._at_level(p, blend, level) for p in (seen, shown))

    def _at_level(self, pictures, blend, level):
        """As `training_data.at_level()`."""
        factor = self.resolution // resolution_of(level)
        if factor > 1:
            pictures = ops.average_pool(pictures, factor, factor)
        if level == 0:
            return pictures
        small = ops.average_pool(pictures, 2, 2)
        coarse = ops.repeat(ops.repeat(small, 2, axis=1), 2, axis=2)
        blend = ops.reshape(blend, (-1, 1, 1, 1))
        return blend * pictures + (1 - blend) * coarse


class FaceLoss(keras.layers.Layer):
    """Adds the loss of what is drawn to the model that cut its target."""

    def __init__(self):
        super().__init__(dtype="float32")
        self.loss = MaskedFaceLoss()

    def call(self, drawn, targets):
        self.add_loss(self.loss(targets, drawn))
        return drawn


def device_autoencoder(network, crops, level):
    """A comb's autoencoder that cuts its own batches, and has its own loss.

    Args:
        network: `Comb`.
        crops: dict of identity to `DeviceCrops`.
        level: int.

    Returns:
        `keras.Model` from `sample_batch()` to `{key: (batch, height, width,
        3)}`. To be compiled without a loss: its own is the sum of each
        identity's `MaskedFaceLoss`.
    """
    blend = keras.Input((1,), name="blend")
    inputs, seen, shown = {"blend": blend}, {}, {}
    for identity, stored in crops.items():
        key, cuts = face_key(identity), {}
        for part, shape in CUTS.items():
            kind = "int32" if part == "row" else "float32"
            cuts[part] = keras.Input(shape, name=f"{part}_{key}", dtype=kind)
            inputs[f"{part}_{key}"] = cuts[part]
        seen[key], shown[key] = stored(cuts, blend, level=level)
    drawn = network.autoencoder(level)({"blend": blend, **seen})
    return keras.Model(
        inputs, {key: FaceLoss()(drawn[key], shown[key]) for key in drawn}
    )


def sample_batch(crops, random, count, blend, options):
    """Inputs of `device_autoencoder()` for one step.

    Args:
        crops: dict of identity to `DeviceCrops`.
        random: `numpy.random.Generator`.
        count: int. Pictures of each identity.
        blend: float, 0-1, how far the level is faded in.
        options: dict for `augmentation`.

    Returns:
        dict of arrays.
    """
    batch = {"blend": np.full((count, 1), blend, "float32")}
    for identity, stored in crops.items():
        for part, array in stored.sample(random, count, options).items():
            batch[f"{part}_{face_key(identity)}"] = array
    return batch
