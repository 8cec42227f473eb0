"""Footage from anywhere into a person's folder, `data/footage/<identity>`.

A person who does not exist is filmed by `synthetic.film_person()`. Every
source returns a dict from each thing (a file, an address, a name) to
what happened to it in words, overwrites nothing, and notes in `sources.jsonl`
where the files are from.
"""

import fractions
import pathlib

from helpers.footage import consent, footage_folder, footage_log, media
from helpers.footage.downloads import fetch_list
from helpers.footage.footage_zip import unpack_zip
from helpers.footage.lfw import fetch_lfw
from helpers.footage.media import cameras

__all__ = [
    "fetch_lfw",
    "fetch_list",
    "in_words",
    "record_camera",
    "unpack_zip",
]

CRF = 16  # of recordings: what is filmed is learnt from
MILLISECONDS = fractions.Fraction(1, 1000)
CAMERA = "camera"


def in_words(folder, happened):
    """What a source did, line by line, and what is known of consent.

    Args:
        folder: str or path of a person's footage.
        happened: dict, from any source.

    Returns:
        str.
    """
    lines = [f"{thing}: {word}" for thing, word in happened.items()]
    return "\n".join([*lines, consent.line_of(pathlib.Path(folder))])


def record_camera(folder, seconds, number=0, frames=None):
    """Record a camera of this machine into a person's folder.

    Written as it comes: what was filmed before a power cut is given a name by
    the next recording. Interrupting the cell ends the recording and keeps it.

    Args:
        folder: str or path of the person's footage, made if need be.
        seconds: float, how long.
        number: int, see `cameras.open_camera`.
        frames: generator of `cameras.CameraFrame` in place of the camera, or
            `None`.

    Returns:
        dict from file to what happened, in words.

    Raises:
        MediaError: if there is no camera, or it gives no frame.
        ValueError: if the time is not positive.
        TimeoutError: if another run records into this folder.
    """
    if not seconds > 0:
        raise ValueError(
            f"A recording lasts some seconds. Received: seconds={seconds!r}"
        )
    if frames is None:
        # as others see the person, not as a mirror does
        frames = cameras.open_camera(number, mirrored=False)
    with footage_folder.locked(folder, "recording", seconds=0) as folder:
        footage_log.read_log(folder)  # a damaged one stops before, not after
        happened = {
            name: "an earlier recording that broke off, recovered"
            for name in footage_folder.recover_recordings(folder, CAMERA)
        }
        partial = footage_folder.partial_path(folder, CAMERA, ".mkv")
        count, length, ended = _record(frames, partial, seconds)
        name = footage_folder.next_name(folder, CAMERA, ".mkv")
        with footage_folder.locked(folder):
            footage_folder.place_files({name: partial}, folder)
            names = [*happened, name]
            footage_log.note_source(folder, "camera", f"camera {number}", names)
    happened[name] = f"{count} frames in {length:.1f} s; {ended}"
    return happened


def _record(frames, path, seconds):
    """Write frames at their true times until the time is over."""
    count, start, ticks, ended = 0, None, -1, "no more frames came"
    try:
        with (
            media.VideoWriter(path, None, CRF, "matroska") as writer,
            cameras.Newest(frames) as newest,
        ):
            try:
                for shown in newest:
                    start = shown.time if start is None else start
                    if shown.time - start >= seconds:
                        ended = "the time was over"
                        break
                    # a player needs rising times
                    ticks = max(ticks + 1, round(1000 * (shown.time - start)))
                    writer.write(
                        shown.frame, ticks, MILLISECONDS, None, "ITU601"
                    )
                    count += 1
                ended += f"; {newest.dropped} frames dropped"
            except KeyboardInterrupt:
                ended = "stopped by hand"
            except media.MediaError as error:
                if not count:
                    raise
                ended = f"broken off: {error}"
        if not count:
            raise media.MediaError(
                "The camera should give a frame. Received: none. Plug it in "
                "anew, or end other programs that use it."
            )
    except media.MediaError:
        path.unlink(missing_ok=True)
        raise
    return count, ticks / 1000, ended
