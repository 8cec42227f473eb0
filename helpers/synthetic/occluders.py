"""Things before a face: a picture in, the same with a hand before it out."""

import cv2
import numpy as np

from helpers.synthetic import held, worn
from helpers.synthetic.canvas import Canvas
from helpers.synthetic.fields import mix
from helpers.synthetic.frame import complete_frame
from helpers.synthetic.wire_glasses import wire_glasses

OCCLUDERS = {
    "bar": held.bar,
    "blob": held.blob,
    "hand": held.hand,
    "hair": worn.hair,
    "cloth": worn.cloth,
    "cap": worn.cap,
    "glasses": worn.spectacles,
    "wire": wire_glasses,
}


def occlude(picture, landmarks, kind, seed=0, frame=None):
    """Put a thing before a face, in the picture's light and sharpness.

    Args:
        picture: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in its pixels.
        kind: one of `OCCLUDERS`.
        seed: int. The same seed is the same thing at the same place.
        frame: dict of frame parameters that the picture was rendered with:
            its lamp, blur and grain. `None` for the usual ones.

    Returns:
        Tuple of the new picture, and the thing's cover, float32 array, shape
        `(height, width)`, 0-1, share of each pixel.

    Raises:
        ValueError: if the kind is unknown or an array does not fit.
    """
    if kind not in OCCLUDERS:
        raise ValueError(
            f"kind should be one of {', '.join(OCCLUDERS)}. "
            f"Received: kind={kind!r}"
        )
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(
            "A picture is a uint8 array of shape (height, width, 3). "
            f"Received: {picture.dtype} {picture.shape}"
        )
    random, frame = np.random.default_rng(seed), complete_frame(frame)
    light = (np.float32(picture) / 255) ** 2  # as `develop` made it
    canvas = Canvas(picture.shape, landmarks, _skin_of(light, landmarks))
    thing = OCCLUDERS[kind](canvas, random)
    color = _lit(thing, canvas, frame, random)
    light = light * (1 - _shadow(thing.cover, canvas, frame, random))[..., None]
    cover = thing.cover
    # the frame's blur is given at 256 pixels, with a face of 0.19 between eyes
    sigma = frame["blur"] * 0.021 / canvas.pixel
    if sigma > 0.2:
        color = cv2.GaussianBlur(color, (0, 0), sigma)
        cover = cv2.GaussianBlur(cover, (0, 0), sigma)
    light = mix(light, color, cover[..., None])
    image = np.sqrt(np.clip(light, 0, 1))
    grain = frame["noise"] * random.standard_normal(image.shape)
    image = image + np.float32(grain) * cover[..., None]
    image = np.uint8(np.clip(image, 0, 1) * 255 + 0.5)
    return np.where(
        cover[..., None] + (image != picture) > 0, image, picture
    ), cover


def _skin_of(light, landmarks):
    """Median linear colour beside the nose: the skin as it is lit."""
    height, width = light.shape[:2]
    points = np.asarray(landmarks, np.float64)
    # half way from each eye to the mouth's corner below it
    cheeks = (points[:2] + points[3:]) / 2
    reach = max(1, round(0.15 * np.linalg.norm(points[0] - points[3])))
    seen = []
    for x, y in np.rint(cheeks).astype(int):
        rows = slice(max(0, y - reach), max(0, y + reach + 1))
        columns = slice(max(0, x - reach), max(0, x + reach + 1))
        seen.append(light[rows, columns].reshape(-1, 3))
    seen = np.concatenate(seen)
    return np.median(seen, axis=0) if len(seen) else np.full(3, 0.2)


def _lit(thing, canvas, frame, random):
    """The thing's colour in the frame's light."""
    lamp = np.array(frame["light"], np.float64) + 0.3 * random.normal(size=3)
    lamp /= np.linalg.norm(lamp)
    relief = cv2.GaussianBlur(np.maximum(thing.height, -0.2), (0, 0), 0.8)
    down, across = np.gradient(relief / canvas.pixel)
    facing = -across * lamp[0] + down * lamp[1] + lamp[2]
    facing = facing / np.sqrt(across**2 + down**2 + 1)
    wrap = 0.3  # light that goes round edges, and the room's
    lit = np.clip((facing + wrap) / (1 + wrap), 0.12, 1)
    # hollows see less of the room
    hollow = cv2.GaussianBlur(relief, (0, 0), max(0.5, 0.06 / canvas.pixel))
    lit = lit * np.clip(1 - 3 * (hollow - relief), 0.5, 1)
    # a dark face may be dark skin or little light: nobody knows
    strength = 0.9 * random.uniform(0.7, 1.3)
    if canvas.skin.mean() < 0.05:
        strength *= random.uniform(0.3, 1)
    return np.float32(thing.color * (strength * lit)[..., None])


def _shadow(cover, canvas, frame, random):
    """How much of the light a thing takes from what is behind it, 0-0.6."""
    away = random.uniform(0.05, 0.3) / canvas.pixel
    x, y, _ = frame["light"]
    moved = np.float32([[1, 0, -x * away], [0, 1, y * away]])
    shadow = cv2.warpAffine(
        cover, moved, cover.shape[::-1], borderMode=cv2.BORDER_REPLICATE
    )
    soft = max(0.5, random.uniform(0.02, 0.15) / canvas.pixel)
    return random.uniform(0, 0.6) * cv2.GaussianBlur(shadow, (0, 0), soft)
