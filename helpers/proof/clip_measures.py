"""What a swapped video is judged by: aligned pictures of faces in, numbers out.

All is measured in crops of one size that follow the face, so that a large face
counts like a small one, and compared with the same crop of the target: film
has edges, too.
"""

import itertools

import av
import cv2
import numpy as np

from helpers import alignment, masks
from helpers.crops import cut_crop
from helpers.footage import media
from helpers.swap.marks.label import label_corner

SIDE = 192  # pixels of the crops, as much of the frame as a stored crop

# Where the mask is between these, swap and target are mixed.
BAND = (0.05, 0.95)
# Standard deviation in pixels of what is blurred before edges are measured: a
# soft seam is a step over several pixels.
EDGE_BLUR = 1.5
PIECES, DEPTHS = 24, 6  # parts of the border, see `seam`
# Below this a step, 0-1 for each pixel, is noise: no ratio is made of it.
FAINT = 0.002


def cut_measured_crop(contract, frame, landmarks):
    """A face as it is measured, and how it lies there.

    Args:
        contract: dict, the data contract of the comb.
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in frame pixels.

    Returns:
        uint8 array, shape `(SIDE, SIDE, 3)`.
    """
    matrix = alignment.crop_matrix(landmarks, {**contract, "crop_size": SIDE})
    return cut_crop(frame, matrix, SIDE)


def mask_at(contract, yaw):
    """The mask that swaps are pasted along, in the pixels of a measured crop.

    Args:
        contract: dict, the data contract of the comb.
        yaw: float. Turn of the head in degrees.

    Returns:
        float32 array, shape `(SIDE, SIDE)`, 0-1.
    """
    mask = masks.face_mask(SIDE, contract, yaw)
    return masks.soften_mask(mask, masks.ERODE_SHARE, masks.FEATHER_SHARE)


def seam(picture, target, mask):
    """How much of an edge there is along the mask's border.

    The border is parted into pieces, and each into depths. In every part the
    steps across the border are averaged with their sign: those of hair or
    skin cancel out, a seam's do not. The steepest depth of each piece counts,
    as far as the target is less steep there: its jaw belongs there.

    Args:
        picture: uint8 array, shape `(height, width, 3)`, RGB.
        target: uint8 array, same shape: the same frame before the swap.
        mask: float array, shape `(height, width)`, 0-1, feathered.

    Returns:
        float, at least 1: 1 is no seam; 2, if the steps across the border
        are larger than the target's by as much as a mean step in its face.

    Raises:
        ValueError: if the mask has no soft border.
    """
    right, down = _slopes(mask.astype(np.float32))
    band = (mask > BAND[0]) & (mask < BAND[1]) & (np.hypot(right, down) > 0)
    if not band.any():
        raise ValueError(
            "A seam is looked for where the mask is soft. Received: a mask of "
            f"shape {mask.shape} with no value between {BAND[0]} and {BAND[1]}"
        )
    direction = np.arctan2(down, right)[band]
    piece = (direction / (2 * np.pi) % 1 * PIECES).astype(int) % PIECES
    depth = ((mask[band] - BAND[0]) / (BAND[1] - BAND[0]) * DEPTHS).astype(int)
    part = piece * DEPTHS + np.minimum(depth, DEPTHS - 1)
    pixels = np.bincount(part, minlength=PIECES * DEPTHS)
    steepest = []
    for image in (picture, target):
        x, y = (slope[band] for slope in _slopes(_grey(image)))
        across = x * np.cos(direction) + y * np.sin(direction)
        steps = np.bincount(part, across, PIECES * DEPTHS)
        steps = np.abs(steps / np.maximum(pixels, 1))
        steepest.append(steps.reshape(PIECES, DEPTHS).max(axis=1))
    more = np.maximum(steepest[0] - steepest[1], 0).mean()
    usual = np.hypot(*_slopes(_grey(target)))[mask > BAND[0]].mean()
    return float(1 + more / (usual + FAINT))


def sharpness_ratio(picture, target, mask):
    """Fine detail inside the mask over the target's.

    Args:
        picture: uint8 array, shape `(height, width, 3)`, RGB.
        target: uint8 array, same shape: the same frame before the swap.
        mask: float array, shape `(height, width)`, 0-1, feathered.

    Returns:
        float: 1 is as sharp as the target, or has as much grain; 0 is flat.
    """
    inside = mask > BAND[1]
    fine = [
        np.abs(cv2.Laplacian(_grey(image), cv2.CV_32F))[inside].mean()
        for image in (picture, target)
    ]
    return float((fine[0] + FAINT) / (fine[1] + FAINT))


def both_frames(target_path, swap_path):
    """Frames of a target and of its swap, as far as both go.

    Args:
        target_path: str or path.
        swap_path: str or path.

    Yields:
        Tuples `(index, time, target, swap)`: int, float seconds, and uint8
        arrays of one shape `(height, width, 3)`, RGB.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if one is no video, or breaks off before the other ends.
        ValueError: if they are not of one size.
    """
    # the swap first: of a target that breaks off it has the good frames
    for (index, seconds, swap), (*_, target) in zip(
        media.read_frames(swap_path),
        media.read_frames(target_path),
        strict=False,
    ):
        height, width = target.shape[:2]
        # H.264 needs even sides: an odd one got a pixel more
        even = (height + height % 2, width + width % 2)
        if swap.shape[:2] not in ((height, width), even):
            raise ValueError(
                "A swap is as large as its target. Received: frames of "
                f"{width} x {height} pixels in {target_path}, and of "
                f"{swap.shape[1]} x {swap.shape[0]} in {swap_path}"
            )
        yield index, seconds, target, swap[:height, :width]


class Background:
    """How much changes where nobody was swapped, whole frames at a time.

    That is outside the rectangle that the network sees of the face, and
    outside the visible label.

    Args:
        contract: dict, the data contract of the comb.
    """

    def __init__(self, contract):
        self.contract = contract
        self.largest = self.largest_unwritten = 0.0
        self.squares = self.pixels = 0.0

    def compare_written(self, landmarks, target, swap):
        """Compare a frame as it was written.

        Args:
            landmarks: float array, shape `(5, 2)`; NaN if there is no face.
            target: uint8 array, shape `(height, width, 3)`, RGB.
            swap: uint8 array, same shape.
        """
        outside = self._outside(landmarks, target.shape)
        largest = cv2.norm(target, swap, cv2.NORM_INF, outside)
        self.largest = max(self.largest, largest)
        self.squares += cv2.norm(target, swap, cv2.NORM_L2SQR, outside)
        self.pixels += 3 * cv2.countNonZero(outside)

    def compare_unwritten(self, landmarks, target, frame):
        """Compare a frame before it is written, see `compare_written`."""
        outside = self._outside(landmarks, target.shape)
        largest = cv2.norm(target, frame, cv2.NORM_INF, outside)
        self.largest_unwritten = max(self.largest_unwritten, largest)

    def figures(self):
        """Figures of `clip_report.report_clip`, as a dict."""
        psnr = None
        if self.squares:
            psnr = 10 * float(np.log10(255**2 * self.pixels / self.squares))
        return {
            "background_before_encoding": self.largest_unwritten,
            "background_max": self.largest,
            "background_psnr": psnr,
        }

    def _outside(self, landmarks, shape):
        height, width = shape[:2]
        outside = np.full((height, width), 255, np.uint8)
        top, right = label_corner(height, width)
        outside[top:, :right] = 0
        if np.isfinite(landmarks).all():
            size, share = self.contract["crop_size"], self.contract["coverage"]
            matrix = alignment.crop_matrix(landmarks, self.contract)
            ends = np.array([-0.5, 0.5]) * share * size + (size - 1) / 2
            corners = alignment.transform_points(
                alignment.invert_transform(matrix),
                [(x, y) for x in ends for y in ends],
            )
            # a few pixels more, as colour is stored at half the size
            low = np.floor(corners.min(axis=0) - 4).clip(0).astype(int)
            high = np.ceil(corners.max(axis=0) + 4).clip(0).astype(int)
            outside[low[1] : high[1], low[0] : high[0]] = 0
        return outside


def same_sound(one_path, other_path):
    """Whether two videos have the same sound, packet by packet.

    Args:
        one_path: str or path.
        other_path: str or path.

    Returns:
        `True`, `False`, or `None` if one is encoded in another way, as where
        an mp4 file cannot hold the sound of the original.
    """
    with av.open(str(one_path)) as one, av.open(str(other_path)) as other:
        streams = [each.streams.audio[:1] for each in (one, other)]
        if not all(streams):
            return not any(streams)
        names = {each[0].codec_context.name for each in streams}
        if len(names) > 1:
            return None
        packets = [
            (bytes(packet) for packet in container.demux(stream[0]))
            for container, stream in zip((one, other), streams, strict=True)
        ]
        return all(a == b for a, b in itertools.zip_longest(*packets))


def _grey(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255


def _slopes(plane):
    """Steps to the right and down, for each pixel."""
    plane = cv2.GaussianBlur(plane, (0, 0), EDGE_BLUR)
    return [
        cv2.Sobel(plane, cv2.CV_32F, *order, ksize=3, scale=1 / 8)
        for order in ((1, 0), (0, 1))
    ]
