"""The label: a picture in, the same with a small visible label out."""

import functools

import cv2
import numpy as np

# from the fullest to the shortest; the longest that fits is drawn
LABELS = (
    "face swapped - synthetic media",
    "synthetic media",
    "synthetic",
    "AI",
)
MIN_TEXT_HEIGHT = 7  # pixels of a capital letter, still legible


def draw_label(image, text=None):
    """A copy of the image with a small visible label, bottom left.

    The label is what still tells a viewer when the metadata is gone. Its text
    gets shorter as the image gets smaller, so that it stays legible.

    Args:
        image: uint8 array, shape `(height, width, 3)`, RGB.
        text: str or `None`, for the longest text of `LABELS` that fits.

    Returns:
        uint8 array, shape `(height, width, 3)`.

    Raises:
        ValueError: if the image is of another type or shape.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            "An image is a uint8 array of shape (height, width, 3). "
            f"Received: {image.dtype} {image.shape}"
        )
    top, bottom, letters = _label_letters(*image.shape[:2], text)
    labelled = image.copy()
    plate = labelled[top:bottom, : letters.shape[1]]
    plate[:] = _draw_letters(plate, letters)
    return labelled


def label_picture(picture):
    """Draw the same label into a picture of a video, in place.

    Args:
        picture: `media.VideoPicture`.
    """
    height, width, _ = picture.shape
    top, bottom, letters = _label_letters(height, width, None)
    plate = picture.read(0, top, letters.shape[1], bottom)
    picture.write(0, top, _draw_letters(plate, letters))


def label_corner(height, width):
    """Where the label ends that is drawn at the bottom left of a frame.

    Args:
        height: int, of the frame in pixels.
        width: int, likewise.

    Returns:
        tuple `(top, right)` in pixels.
    """
    top, _, letters = _label_letters(height, width, None)
    return top, letters.shape[1]


def _draw_letters(plate, letters):
    # half-transparent black, with white letters nearly opaque
    dark = plate * np.float32(0.4)
    drawn = np.rint(dark + letters[..., None] * (0.9 * (255 - dark)))
    return drawn.astype(np.uint8)


@functools.lru_cache(maxsize=8)
def _label_letters(height, width, text):
    """Rows of the plate and its letters, float32 `(height, width)`, 0-1."""
    font = cv2.FONT_HERSHEY_SIMPLEX
    wanted = max(MIN_TEXT_HEIGHT, round(min(height, width) * 0.022))
    choices = LABELS if text is None else (text,)
    for choice in choices:
        # Hershey capitals are 21 or 22 units high at scale 1
        scale = wanted / 21.5
        (wide, high), below = cv2.getTextSize(choice, font, scale, 1)
        if wide + high <= width:
            break
    else:
        scale *= max(width - high, 1) / wide  # no room: smaller letters
        (wide, high), below = cv2.getTextSize(choice, font, scale, 1)
    margin = max(2, high // 2)
    plate = np.zeros((high + below + 2 * margin, wide + 2 * margin), np.uint8)
    thickness = max(1, round(scale * 1.4))
    origin = (margin, margin + high)
    cv2.putText(plate, choice, origin, font, scale, 255, thickness, cv2.LINE_AA)
    plate = plate[-height:, :width].astype(np.float32) / 255
    return height - len(plate), height, plate
