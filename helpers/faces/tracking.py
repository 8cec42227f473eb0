"""Tracking: a video in, the faces in it followed from frame to frame out.

Detecting every frame is slow, and its landmarks tremble. So faces are detected
on key frames only, linked to tracks, and found again in the frames between from
where they should be, by several slightly different views of each. As the key
frames before and after are both known, nothing lags behind.
"""

import contextlib

import cv2
import numpy as np

from helpers.faces.tracker import Tracker
from helpers.faces.tracks import KEY_EVERY, main_track
from helpers.footage import media

# Frames that are looked at together: many small batches of the networks would
# be slow, many frames large in memory.
CHUNK = 8 * KEY_EVERY
# Side in pixels of the smallest wanted face in the pictures that are looked
# at: that of the last network.
SMALLEST_FACE = 48
ROW_STEP = 32


def find_tracks(video_path, detector, every=KEY_EVERY, progress=None):
    """Follow all faces of a clip: the first pass over a video.

    A track is one person in one shot; at a cut all tracks end. Who it is in
    the next shot is asked by `identity_judge.name_tracks`.

    Args:
        video_path: str or path.
        detector: `detection.FaceDetector`.
        every: int. Frames from one detection to the next; 1 detects in every
            frame.
        progress: function of `(frames done, frames in all)`, or `None`. The
            latter is what the file says, an estimate.

    Returns:
        list of `FaceTrack`, not stabilised, those that matter most first; of
        a clip without faces one track without landmarks.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of the video can be read.
        ValueError: if `every` is below 1.
    """
    if every < 1:
        raise ValueError(
            "Faces are detected every how many frames, at least 1. "
            f"Received: every={every!r}"
        )
    video = media.probe_video(video_path)
    size = looked_at_size(detector, video["height"], video["width"])
    ratio = (video["width"] / size[1], video["height"] / size[0])
    tracker = Tracker(detector, every, ratio)
    frames = _until_broken(video_path, tracker, size)
    with (
        one_opencv_thread(),
        contextlib.closing(media.read_ahead(frames, CHUNK)) as ahead,
    ):
        for chunk in _chunks(ahead):
            tracker.add_frames(chunk)
            if progress is not None:
                progress(len(tracker.times), video["frames"])
    return tracker.tracks()


@contextlib.contextmanager
def one_opencv_thread():
    """OpenCV without threads of its own, while others decode and encode.

    Its parts of a face are done in less time than it takes to wait for a
    thread on a busy core.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def looked_at_size(detector, height, width):
    """How large a picture has to be for faces to be found and placed in it.

    Args:
        detector: `detection.FaceDetector`.
        height: int, of the frame in pixels.
        width: int, likewise.

    Returns:
        tuple `(height, width)` in pixels, at most the frame's own.
    """
    smallest = detector.min_face_share * min(height, width)
    scale = min(1.0, SMALLEST_FACE / smallest)
    if scale == 1:
        return height, width
    # rows of so many pixels need no copy on their way out of FFmpeg
    wide = min(width, int(np.ceil(width * scale / ROW_STEP)) * ROW_STEP)
    return round(height * wide / width), wide


def shrink_frame(image, detector):
    """A frame as large as it has to be for its faces to be found.

    Args:
        image: uint8 array, shape `(height, width, 3)`.
        detector: `detection.FaceDetector`.

    Returns:
        uint8 array, the image itself or a smaller one.
    """
    size = looked_at_size(detector, *image.shape[:2])
    if size == image.shape[:2]:
        return image
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)


def find_face_track(video_path, detector, every=KEY_EVERY, progress=None):
    """Follow the face that a clip is about: the first pass over a video.

    Of each shot, that is the face which matters most through it. Where it is
    not to be seen for long, another one is taken up; not before, as somebody
    else should not get a face because the right one looks away.

    Args:
        video_path: str or path.
        detector: `detection.FaceDetector`.
        every: see `find_tracks`.
        progress: see `find_tracks`.

    Returns:
        `FaceTrack`, not stabilised.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of the video can be read.
        ValueError: if `every` is below 1.
    """
    return main_track(find_tracks(video_path, detector, every, progress))


def _chunks(items):
    chunk = []
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            # whoever took it holds it until the next one comes
            chunk.clear()
    if chunk:
        yield chunk


def _until_broken(video_path, tracker, size):
    """All frames that can be read; a broken end is noted, not hidden."""
    count = 0
    try:
        for _, seconds, picture in media.read_frames(
            video_path, size=size, notes=tracker.notes
        ):
            count += 1
            yield seconds, picture
    except media.MediaError as error:
        if count == 0:
            raise
        tracker.broken = str(error)
