"""Flicker: a target's clip and its swap in, how much less steady it is out.

A swap may change from frame to frame as its target does, and no more. So the
motion is found in the target, and what it does not explain is compared.
"""

import cv2
import numpy as np

from helpers import alignment
from helpers.proof.clip_measures import (
    BAND,
    both_frames,
    cut_measured_crop,
    mask_at,
)

# Flow is believed where the way back leads home: squared distance in pixels
# below a share of the flow's own square, and a rest.
BACK_SHARE, BACK_REST = 0.01, 0.5


def find_flow(before, after):
    """How a picture moves to the next, and where that is known.

    Args:
        before: uint8 array, shape `(height, width, 3)`, RGB.
        after: uint8 array, same shape: the next frame.

    Returns:
        Tuple of the flow, float32 array, shape `(height, width, 2)`, pixels
        from `before` to `after`, and a bool array, shape `(height, width)`,
        whether the pixel is to be seen in both.

    Reference:
        Kroeger et al., "Fast optical flow using dense inverse search", 2016.
        The check of both ways: Ruder, Dosovitskiy and Brox, "Artistic style
        transfer for videos", 2016, section 3.
    """
    before, after = (
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (before, after)
    )
    finder = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    forth = finder.calc(before, after, None)
    back = _read_along(finder.calc(after, before, None), forth)
    apart = ((forth + back) ** 2).sum(axis=-1)
    length = (forth**2).sum(axis=-1) + (back**2).sum(axis=-1)
    return forth, apart < BACK_SHARE * length + BACK_REST


def warping_error(before, after, flow, inside):
    """How much a picture changes beside its motion.

    Args:
        before: uint8 array, shape `(height, width, 3)`, RGB.
        after: uint8 array, same shape: the next frame.
        flow: float32 array, shape `(height, width, 2)`, of the *target's* two
            frames, see `find_flow`.
        inside: bool array, shape `(height, width)`: pixels that count.

    Returns:
        float, mean absolute difference, 0-1; NaN if no pixel counts.

    Reference:
        Lai et al., "Learning blind video temporal consistency", 2018,
        section 4.2.
    """
    if not inside.any():
        return float("nan")
    warped = _read_along(after, flow)
    difference = cv2.absdiff(before, warped).mean(axis=-1)
    return float(difference[inside].mean() / 255)


def flicker_ratio(contract, target_path, swap_path, track):
    """Warping error of a swapped clip's face over that of its target.

    Args:
        contract: dict, the data contract of the comb.
        target_path: str or path of the video that was swapped.
        swap_path: str or path of the result.
        track: `FaceTrack` of the face, as it was swapped.

    Returns:
        float: 1 is as steady as the target.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of a video can be read.
        ValueError: if no two neighbouring frames of a shot show the face.
    """
    errors, last, before = [], None, None
    for index, _, *frames in both_frames(target_path, swap_path):
        landmarks = track.landmarks[index]
        if not np.isfinite(landmarks).all():
            continue
        faces = [
            cut_measured_crop(contract, frame, landmarks) for frame in frames
        ]
        if last == index - 1 and track.shots[last] == track.shots[index]:
            yaw, *_ = alignment.estimate_pose(landmarks)
            flow, known = find_flow(before[0], faces[0])
            known &= mask_at(contract, yaw) > BAND[0]
            pairs = zip(before, faces, strict=True)
            errors.append([warping_error(*pair, flow, known) for pair in pairs])
        last, before = index, faces
    if not errors:
        raise ValueError(
            "Flicker is measured from frame to frame. Received: no two "
            f"neighbouring frames of {target_path} that show the face"
        )
    of_target, of_swap = np.nansum(errors, axis=0)
    return float(of_swap / of_target)


def jitter(landmarks, indices, track):
    """How landmarks tremble: their mean acceleration.

    Args:
        landmarks: float array, shape `(faces, 5, 2)`.
        indices: int array, shape `(faces,)`, the frames they are from.
        track: `FaceTrack`: nothing is measured across its cuts.

    Returns:
        float, in the landmarks' unit for a frame and frame; NaN if no three
        neighbouring frames of a shot are there.
    """
    first, last = indices[:-2], indices[2:]
    near = (last - first == 2) & (track.shots[first] == track.shots[last])
    if not near.any():
        return float("nan")
    return float(np.abs(np.diff(landmarks, 2, axis=0))[near].mean())


def _read_along(image, flow):
    """The image where the flow leads, linear between pixels."""
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return cv2.remap(
        image,
        x + flow[..., 0],
        y + flow[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
