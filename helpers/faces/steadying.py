"""A clip's landmarks, calmed: where the face is, not what it does."""

import numpy as np

from helpers import alignment
from helpers.files import manifests

# between two frames a face moves less than this many of its own pupil
# distances; what moves further is another shot or another person
JUMP = 0.75


def stabilise_landmarks(landmarks, valid, sigma=1.5):
    """Calm the crop of a clip: smooth where the face is, not what it does.

    Only the similarity of each frame (size, turn, place) is smoothed, with a
    symmetric Gaussian window, so nothing lags behind; the landmarks then move
    with it. `crop_matrix` of the result is exactly the smoothed similarity.
    Cuts (a face that jumps) are never smoothed across.

    Args:
        landmarks: float array, shape `(frames, 5, 2)`, `(x, y)` in photo
            pixels. Rows of frames without a face may hold anything.
        valid: bool array, shape `(frames,)`, true where there is a face.
        sigma: float. Width of the window in frames; 0 changes nothing.

    Returns:
        float64 array, shape `(frames, 5, 2)`, `(x, y)` in photo pixels, NaN
        where `valid` is false.

    Raises:
        ValueError: if the shapes do not fit or sigma is negative.

    Reference:
        Naruniec et al., "High-resolution neural face swapping for visual
        effects", 2020, stabilise landmarks over time; this filter is our own
        interpretation.
    """
    landmarks = np.asarray(landmarks, dtype=np.float64)
    valid = np.asarray(valid, dtype=bool)
    if landmarks.shape != (len(valid), 5, 2) or sigma < 0:
        raise ValueError(
            "Expected landmarks (frames, 5, 2), valid (frames,) and sigma of "
            f"at least 0. Received: {landmarks.shape}, {valid.shape}, "
            f"sigma={sigma!r}"
        )
    result = np.full(landmarks.shape, np.nan)
    frames = np.flatnonzero(valid)
    if sigma == 0 or len(frames) == 0:
        result[frames] = landmarks[frames]
        return result
    template = np.asarray(manifests.TEMPLATE) - np.mean(
        manifests.TEMPLATE, axis=0
    )
    states = np.array(
        [_similarity_state(template, landmarks[frame]) for frame in frames]
    )
    for shot in _split_shots(states):
        smooth = _smooth_states(frames[shot], states[shot], sigma)
        for index, state in zip(shot, smooth, strict=True):
            frame = frames[index]
            back = alignment.invert_transform(_state_matrix(states[index]))
            on_template = alignment.transform_points(back, landmarks[frame])
            result[frame] = alignment.transform_points(
                _state_matrix(state), on_template
            )
    return result


def _similarity_state(template, points):
    """log size, turn (radians), and centre (x, y) of a face in its photo."""
    matrix = alignment.similarity_transform(points, template)
    matrix = alignment.invert_transform(matrix)
    angle = np.arctan2(matrix[1, 0], matrix[0, 0])
    return (np.log(alignment.matrix_scale(matrix)), angle, *matrix[:, 2])


def _state_matrix(state):
    size, angle = np.exp(state[0]), state[1]
    cosine, sine = size * np.cos(angle), size * np.sin(angle)
    return np.array([[cosine, -sine, state[2]], [sine, cosine, state[3]]])


def _split_shots(states):
    eyes = manifests.TEMPLATE[1][0] - manifests.TEMPLATE[0][0]
    reach = np.exp(states[:-1, 0]) * eyes * JUMP
    moved = np.linalg.norm(np.diff(states[:, 2:], axis=0), axis=1)
    grown = np.abs(np.diff(states[:, 0]))
    turned = np.abs(np.angle(np.exp(1j * np.diff(states[:, 1]))))
    cuts = (moved > reach) | (grown > np.log(1.35)) | (turned > np.radians(40))
    return np.split(np.arange(len(states)), np.flatnonzero(cuts) + 1)


def _smooth_states(frames, states, sigma):
    states = states.copy()
    states[:, 1] = np.unwrap(states[:, 1])
    # a line is fitted under the window instead of a mean: at the ends of a
    # shot a mean would lag behind a moving face
    result = np.empty_like(states)
    for index, frame in enumerate(frames):
        distance = (frames - frame).astype(np.float64)
        near = np.abs(distance) <= 4 * sigma
        weights = np.sqrt(np.exp(-0.5 * (distance[near] / sigma) ** 2))
        design = np.column_stack([np.ones(near.sum()), distance[near]])
        design *= weights[:, None]
        values = states[near] * weights[:, None]
        fit, *_ = np.linalg.lstsq(design, values, rcond=None)
        result[index] = fit[0]
    return result
