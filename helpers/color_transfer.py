"""Colour transfer: a swapped face in, the same in its target's colours out."""

import cv2
import numpy as np

# Fewer pixels than this say nothing reliable about colour.
MIN_PIXELS = 16
# Limits on how the spread of L, a and b changes. Without them the noise of a
# flat face is blown up; and a and b need narrow ones, because three times the
# spread of b (a warm lamp on one side of the target) gave blue lips.
COLOR_RATIO = ((0.3, 3.0), (0.5, 1.5), (0.5, 1.5))
# quantiles that a histogram is matched at: finer than 8 bits need
QUANTILES = np.linspace(0, 1, 257)
# spread of colour below which a direction counts as noise, RGB 0-1
NOISE = 0.004
ROUNDING = 1e-6  # of masks
# what each channel adds to the grey of a picture (ITU-R BT.601)
TO_GREY = np.float32([0.299, 0.587, 0.114])
# Grey levels at which a target's colour is told, and the blur before, in pixels
# of the crop: JPEG and video keep colour in half the pixels.
TINT_LEVELS, TINT_BLUR = 32, 1.5
# How far colours lie from the one that their grey has on average, as a share of
# all colour: photos of people have 0.1 to 0.44, renders 0.08 to 0.42, the same
# as sepia JPEGs of quality 75 0.01 to 0.1. Up to the first all is tint, from
# the second on nothing is; less colour than the last (RGB 0-1) counts as that.
TINTED, COLORFUL, LEAST_COLOR = 0.055, 0.075, 0.03


def match_color(face, target_crop, mask, method="reinhard"):
    """The face in the colours of the target.

    Only pixels inside the mask count on both sides: hair and background do
    not say how a skin is lit. They are left out, not set to black, which
    would pull every mean towards black.

    Args:
        face: float32 array, shape `(height, width, 3)`, RGB 0-1.
        target_crop: float32 array, same shape, the crop to look like.
        mask: float array, shape `(height, width)`, 0-1. Pixels above 0.5
            count.
        method: one of `COLORS`: `"none"`, or see `shift_mean`,
            `match_spread`, `match_histogram` and `match_covariance`.

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Raises:
        ValueError: if the method is unknown, the shapes or ranges do not
            fit, or the mask has fewer than 16 pixels.

    Example:
        >>> from helpers.color_transfer import match_color
        >>> face, target = np.full((4, 4, 3), 0.25), np.full((4, 4, 3), 0.75)
        >>> match_color(face, target, np.ones((4, 4)), "mean")[0, 0].tolist()
        [0.75, 0.75, 0.75]
    """
    check_choice("method", method, COLORS)
    face, target_crop, mask = check_crops(face, target_crop, mask)
    return transfer_color(face, target_crop, mask, method)


def transfer_color(face, target_crop, mask, method):
    """`match_color()` of what has been checked, as in compositing."""
    if method == "none":
        return face
    matched = COLORS[method](face, target_crop, pixels_inside(mask))
    return np.clip(matched, 0, 1).astype(np.float32)


def shift_mean(face, target_crop, inside):
    """Each RGB channel gets the target's mean.

    Args:
        face: float32 array, shape `(height, width, 3)`, RGB 0-1.
        target_crop: float32 array, same shape.
        inside: bool array, shape `(height, width)`, pixels that count.

    Returns:
        Array, shape `(height, width, 3)`.

    Example:
        >>> from helpers.color_transfer import shift_mean
        >>> face = np.float32([[[0, 0, 0], [0.5, 0.5, 0.5]]])  # black, and grey
        >>> shift_mean(face, face / 2 + 0.5, face[..., 0] < 1)[0, :, 0].tolist()
        [0.375, 0.875]
    """
    return face + target_crop[inside].mean(axis=0) - face[inside].mean(axis=0)


def match_spread(face, target_crop, inside, limits=COLOR_RATIO):
    """Each CIELAB channel gets the target's mean and, within limits, spread.

    Args:
        face, target_crop, inside: as for `shift_mean`.
        limits: for L, a and b the least and the largest factor of the spread.

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Example:
        >>> from helpers.color_transfer import match_spread
        >>> face = np.float32([[[0, 0, 0], [0.5, 0.5, 0.5]]])
        >>> matched = match_spread(face, face / 2 + 0.5, face[..., 0] < 1)
        >>> [round(float(red), 2) for red in matched[0, :, 0]]
        [0.5, 0.75]

    Reference:
        Reinhard et al., "Color transfer between images", 2001, equations
        10 and 11, with CIELAB instead of their l-alpha-beta space.
    """
    lab = cv2.cvtColor(np.ascontiguousarray(face), cv2.COLOR_RGB2LAB)
    target_lab = cv2.cvtColor(
        np.ascontiguousarray(target_crop), cv2.COLOR_RGB2LAB
    )
    given, wanted = lab[inside], target_lab[inside]
    low, high = np.array(limits, np.float32).T
    ratio = wanted.std(axis=0) / np.maximum(given.std(axis=0), 1e-6)
    ratio = np.clip(ratio, low, high)
    lab = (lab - given.mean(axis=0)) * ratio + wanted.mean(axis=0)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)


def match_histogram(face, target_crop, inside):
    """Each RGB channel gets all of the target's distribution.

    The darkest of the face become the target's darkest, and so on. A channel
    that hardly varies in the face gets its noise blown up.

    Args:
        face, target_crop, inside: as for `shift_mean`.

    Returns:
        Array, shape `(height, width, 3)`, RGB 0-1.

    Example:
        >>> from helpers.color_transfer import match_histogram
        >>> face = np.float32([[[0, 0, 0], [0.5, 0.5, 0.5]]])
        >>> match_histogram(face, face**2, face[..., 0] < 1)[0, :, 0].tolist()
        [0.0, 0.25]

    Reference:
        Gonzalez and Woods, "Digital Image Processing", 4th edition, 2018,
        section 3.3, histogram specification.
    """
    matched = np.empty_like(face)
    for channel in range(3):
        given = np.quantile(face[inside, channel], QUANTILES)
        wanted = np.quantile(target_crop[inside, channel], QUANTILES)
        # where many pixels are alike, the middle of what they may become
        values, first, counts = np.unique(
            given, return_index=True, return_counts=True
        )
        last = first + counts - 1
        wanted = (wanted[first] + wanted[last]) / 2
        matched[..., channel] = np.interp(face[..., channel], values, wanted)
    return matched


def match_covariance(face, target_crop, inside):
    """The RGB channels together get the target's means and covariance.

    Of all linear maps that do so, the one that moves colours least.

    Args:
        face, target_crop, inside: as for `shift_mean`.

    Returns:
        Array, shape `(height, width, 3)`.

    Example:
        >>> from helpers.color_transfer import match_covariance
        >>> face = np.random.default_rng(0).uniform(size=(8, 8, 3))
        >>> warm = face * (1, 0.75, 0.5)
        >>> matched = match_covariance(face, warm, np.full((8, 8), True))
        >>> bool(np.allclose(matched, warm, atol=0.01))
        True

    Reference:
        Pitie and Kokaram, "The linear Monge-Kantorovitch linear colour
        mapping for example-based colour transfer", 2007, equation 11.
    """
    given, wanted = face[inside], target_crop[inside]
    noise = NOISE**2 * np.eye(3)  # a flat face has no covariance to divide by
    root = _square_root(np.cov(given.T) + noise)
    inverse = np.linalg.inv(root)
    wanted_covariance = np.cov(wanted.T) + noise
    linear = inverse @ _square_root(root @ wanted_covariance @ root) @ inverse
    return (face - given.mean(axis=0)) @ linear + wanted.mean(axis=0)


def follow_tint(face, target_crop, mask):
    """The face in the one tint of a target that has no colours of its own.

    In a black-and-white, sepia or toned picture each grey has one colour. A
    decoder that learned from colours does not know; so there each grey of the
    face gets the colour that the target has for it. The more colours a target
    has for one grey, the less; an ordinary face stays as it is to the bit.

    Args:
        face: float32 array, shape `(height, width, 3)`, RGB 0-1.
        target_crop: float32 array, same shape.
        mask: float array, shape `(height, width)`, 0-1. Pixels above 0.5
            count.

    Returns:
        float32 array, shape `(height, width, 3)`, RGB 0-1.

    Example:
        >>> from helpers.color_transfer import follow_tint
        >>> ramp = np.linspace(0.1, 0.9, 64, dtype=np.float32).reshape(8, 8, 1)
        >>> face, grey = ramp * np.float32([1, 0.5, 0.2]), ramp.repeat(3, 2)
        >>> followed = follow_tint(face, grey, np.ones((8, 8)))
        >>> float(np.ptp(followed, axis=2).max())
        0.0
    """
    inside = pixels_inside(mask)
    smooth = cv2.GaussianBlur(target_crop, (0, 0), TINT_BLUR)
    # blurred where colour is; as it is where white is clipped
    looks = [_read_tint(look[inside]) for look in (smooth, target_crop)]
    share, tint_of = min(looks, key=lambda look: look[0])
    weight = np.float32(np.interp(share, (TINTED, COLORFUL), (1, 0)))
    if weight == 0:
        return face
    grey = face @ TO_GREY
    tinted = np.clip(grey[..., None] + tint_of(grey), 0, 1)
    return weight * tinted + (1 - weight) * face


def _read_tint(pixels):
    """Share of the colour that grey does not tell, and what colour it tells."""
    grey = pixels @ TO_GREY
    color = pixels - grey[:, None]
    edges = np.quantile(grey, np.linspace(0, 1, TINT_LEVELS + 1))[1:-1]
    # fewer, where many pixels are alike
    _, level = np.unique(np.searchsorted(edges, grey), return_inverse=True)
    sums = [np.bincount(level, each) for each in (grey, *color.T)]
    greys, *tints = np.array(sums) / np.bincount(level)
    tints = np.round(tints, 4)  # that grey is grey to the bit

    def tint_of(values):
        each = [np.interp(values, greys, tint) for tint in tints]
        return np.stack(each, axis=-1).astype(np.float32)

    away = np.sqrt(np.mean((color - tint_of(grey)) ** 2))
    return away / max(np.sqrt(np.mean(color**2)), LEAST_COLOR), tint_of


COLORS = {
    "none": None,
    "mean": shift_mean,
    "reinhard": match_spread,
    "histogram": match_histogram,
    "linear": match_covariance,
}


def check_choice(name, value, choices):
    """Raise a ValueError that lists the choices if a value is none of them.

    Example:
        >>> from helpers.color_transfer import check_choice
        >>> check_choice("color", "blue", ("none", "mean"))
        Traceback (most recent call last):
            ...
        ValueError: color should be one of none, mean. Received: color='blue'
    """
    if value not in choices:
        raise ValueError(
            f"{name} should be one of {', '.join(choices)}. "
            f"Received: {name}={value!r}"
        )


def check_crops(face, target_crop, mask):
    """A face, its target's crop and the mask as float32 arrays.

    Raises:
        ValueError: if shapes, types or ranges do not fit each other.

    Example:
        >>> from helpers.color_transfer import check_crops
        >>> face, mask = np.zeros((4, 4, 3)), np.ones((4, 4))
        >>> [array.dtype.name for array in check_crops(face, face, mask)]
        ['float32', 'float32', 'float32']
    """
    face, target_crop = np.asarray(face), np.asarray(target_crop)
    mask = np.asarray(mask)
    if (
        face.ndim != 3
        or face.shape[2] != 3
        or face.shape != target_crop.shape
        or mask.shape != face.shape[:2]
    ):
        raise ValueError(
            "Face and target should have one shape (height, width, 3), the "
            f"mask (height, width). Received: {face.shape}, "
            f"{target_crop.shape} and {mask.shape}"
        )
    kinds = (face.dtype.kind, target_crop.dtype.kind, mask.dtype.kind)
    if kinds != ("f", "f", "f"):
        raise ValueError(
            "Crops and mask are float arrays in 0-1; divide uint8 by 255. "
            f"Received: {face.dtype}, {target_crop.dtype} and {mask.dtype}"
        )
    # OpenCV makes 1.0000001 of ones when it resizes them
    if mask.size and not -ROUNDING <= mask.min() <= mask.max() <= 1 + ROUNDING:
        raise ValueError(
            "A mask lies in 0-1. "
            f"Received: {float(mask.min())!r} to {float(mask.max())!r}"
        )
    as_float32 = [np.asarray(a, np.float32) for a in (face, target_crop, mask)]
    return (*as_float32[:2], np.clip(as_float32[2], 0, 1))


def pixels_inside(mask):
    """Pixels whose colours count, bool array, shape `(height, width)`.

    Raises:
        ValueError: if there are fewer than 16.

    Example:
        >>> from helpers.color_transfer import pixels_inside
        >>> int(pixels_inside(np.linspace(0, 1, 100)).sum())
        50
    """
    inside = mask > 0.5
    if inside.sum() < MIN_PIXELS:
        raise ValueError(
            f"The mask should mark at least {MIN_PIXELS} pixels, so that their "
            f"colours say something. Received: {int(inside.sum())} above 0.5"
        )
    return inside


def _square_root(matrix):
    """Square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
