"""Stored crops -> network crops for training: turned, shifted, warped, lit.

Input and target are cut by the same function from the same transform, so the
network never learns one scale and is asked for another.
"""

import functools

import cv2
import numpy as np

# Nothing is changed: what testing and prediction see.
PLAIN = {"rotation": 0.0, "zoom": 0.0, "shift": 0.0, "warp": 0.0, "light": 0.0}
# Crops that MTCNN aligned jitter by a few percent already.
DEFAULT = {
    "rotation": 4.0,
    "zoom": 0.04,
    "shift": 0.02,
    "warp": 0.01,
    "light": 0.05,
}


def sample_view(random, size, coverage, resolution, options):
    """Random view of a stored crop: where the network's pixels lie in it.

    Args:
        random: `numpy.random.Generator`.
        size: int. Side of the stored crop in pixels.
        coverage: float. Share of the crop's side that the network sees.
        resolution: int. Side of the network crop in pixels.
        options: dict with `rotation` in degrees, and `zoom` and `shift` as
            shares of the view's side: half widths of uniform distributions.

    Returns:
        float32 array, shape `(2, 3)`: `matrix @ (x, y, 1)` is the position in
        the stored crop of a network pixel, both `(x, y)` in pixels.

    Example:
        >>> from helpers import augmentation
        >>> random, options = np.random.default_rng(0), augmentation.PLAIN
        >>> view = augmentation.sample_view(random, 256, 0.5, 64, options)
        >>> (view @ (31.5, 31.5, 1)).tolist()  # the middle lies in the middle
        [127.5, 127.5]
    """
    # drawn in this order ever since: the same seeds give the same views
    rotation = options["rotation"] * random.uniform(-1, 1)
    zoom = options["zoom"] * random.uniform(-1, 1)
    shift = options["shift"] * random.uniform(-1, 1, 2)
    return make_view(size, coverage, resolution, rotation, zoom, shift)


def make_view(size, coverage, resolution, rotation=0.0, zoom=0.0, shift=(0, 0)):
    """View of a stored crop that is turned, larger or moved by this much.

    Args:
        size: int. Side of the stored crop in pixels.
        coverage: float. Share of the crop's side that the network sees.
        resolution: int. Side of the network crop in pixels.
        rotation: float, in degrees.
        zoom: float. Share by which the view's side is longer.
        shift: `(x, y)`, as shares of the view's side.

    Returns:
        float32 array, shape `(2, 3)`, see `sample_view()`.

    Example:
        >>> from helpers.augmentation import make_view
        >>> view = make_view(256, 0.5, 64, shift=(0.25, 0))  # 32 to the right
        >>> (view @ (31.5, 31.5, 1)).tolist()
        [159.5, 127.5]
    """
    angle = np.radians(rotation)
    scale = coverage * size / resolution * (1 + zoom)
    turn = scale * np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    # centres of pixels are whole numbers, so the middle is (side - 1) / 2
    middle = (size - 1) / 2 + coverage * size * np.asarray(shift)
    middle = middle - turn @ np.full(2, (resolution - 1) / 2)
    return np.column_stack([turn, middle]).astype(np.float32)


def sample_warp(random, resolution, strength, grid=5):
    """Smooth random displacement, for inputs only.

    The network sees a warped face and has to draw the straight one: it cannot
    pass pixels through, so it has to know faces.

    Args:
        random: `numpy.random.Generator`.
        resolution: int. Side of the network crop in pixels.
        strength: float. Standard deviation of the displacement of a grid
            point, as a share of the crop's side.
        grid: int. Points a side of the grid that is interpolated.

    Returns:
        float32 array, shape `(resolution, resolution, 2)`: `(x, y)` in
        pixels of the network crop.

    Example:
        >>> from helpers.augmentation import sample_warp
        >>> sample_warp(np.random.default_rng(0), 64, strength=0.01).shape
        (64, 64, 2)

    Reference:
        The random warp of the first public face-swap autoencoder, 2017,
        with a standard deviation of 5 of 256 pixels on a 5x5 grid.
    """
    points = random.normal(0, strength * resolution, (grid, grid, 2))
    return cv2.resize(
        points.astype(np.float32),
        (resolution, resolution),
        interpolation=cv2.INTER_CUBIC,
    )


def cut_view(image, view, resolution, warp=None):
    """Cut one network crop out of a stored crop: training's way.

    What is seen as it is, `crops.cut_network_crops()` cuts.

    Args:
        image: uint8 array, shape `(size, size, 3)` or `(size, size)`, whose
            `coverage` is about `resolution` pixels wide.
        view: float32 array, shape `(2, 3)`, from `sample_view()`.
        resolution: int. Side of the network crop in pixels.
        warp: float32 array, shape `(resolution, resolution, 2)`, from
            `sample_warp()`, or `None`.

    Returns:
        uint8 array, shape `(resolution, resolution, 3)` or `(resolution,
        resolution)`.

    Example:
        >>> from helpers import augmentation
        >>> crop = np.arange(16, dtype=np.uint8).reshape(4, 4)
        >>> view = augmentation.make_view(4, coverage=0.5, resolution=2)
        >>> augmentation.cut_view(crop, view, 2).tolist()
        [[5, 6], [9, 10]]
    """
    if warp is None:
        return cv2.warpAffine(
            image,
            view,
            (resolution, resolution),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return cv2.remap(
        image,
        cv2.transform(warp + _pixel_positions(resolution), view),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


@functools.lru_cache
def _pixel_positions(resolution):
    """`(x, y)` of every pixel, shape `(resolution, resolution, 2)`."""
    steps = np.arange(resolution, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps), axis=-1)


def sample_light(random, strength):
    """Random light: a little brighter or darker, warmer or cooler.

    Args:
        random: `numpy.random.Generator`.
        strength: float. Standard deviation of the logarithm of the factor.

    Returns:
        float32 array, shape `(3,)`: what the channels are multiplied by.

    Example:
        >>> from helpers.augmentation import sample_light
        >>> sample_light(np.random.default_rng(0), strength=0.05).shape
        (3,)
    """
    factors = strength * random.normal() + 0.4 * strength * random.normal(
        size=3
    )
    return np.exp(factors).astype(np.float32)


def change_light(image, factors):
    """The same crop in the light of `sample_light()`.

    Args:
        image: float32 array, shape `(height, width, 3)`, 0-1.
        factors: float32 array, shape `(3,)`, or 1 for the light it has.

    Returns:
        float32 array of the same shape, 0-1.

    Example:
        >>> from helpers.augmentation import change_light
        >>> change_light(np.full((1, 1, 3), 0.5), (0.5, 1, 4)).tolist()
        [[[0.25, 0.5, 1.0]]]
    """
    # a factor is positive: there is nothing below 0 to clip
    return np.minimum(image * factors, 1)


def shrink_pictures(images, resolution):
    """Average blocks of pixels: the picture that a lower level sees.

    Args:
        images: float32 array, shape `(batch, height, width, channels)`.
        resolution: int. A divisor of height and width.

    Returns:
        float32 array, shape `(batch, resolution, resolution, channels)`.

    Example:
        >>> from helpers.augmentation import shrink_pictures
        >>> shrink_pictures(np.float32([[[[0], [1]], [[2], [3]]]]), 1).item()
        1.5
    """
    if images.shape[1] == resolution:
        return images
    size = (resolution, resolution)
    shrunk = [cv2.resize(i, size, interpolation=cv2.INTER_AREA) for i in images]
    # OpenCV drops a lone channel
    return np.reshape(shrunk, (-1, *size, images.shape[-1]))


def fade_pictures(images, blend):
    """Fade from the half-size pictures of the level below to the full ones.

    Args:
        images: float32 array, shape `(batch, height, width, channels)`.
        blend: float in 0-1.

    Returns:
        float32 array of the same shape.

    Example:
        >>> from helpers.augmentation import fade_pictures
        >>> fade_pictures(np.float32([[[[0], [1]], [[2], [3]]]]), 0.5).tolist()
        [[[[0.75], [1.25]], [[1.75], [2.25]]]]

    Reference:
        Karras et al., 2018, "Progressive growing of GANs", section 2: real
        images are faded too.
    """
    if blend >= 1:
        return images
    small = shrink_pictures(images, images.shape[1] // 2)
    coarse = small.repeat(2, axis=1).repeat(2, axis=2)
    return np.float32(blend) * images + np.float32(1 - blend) * coarse
