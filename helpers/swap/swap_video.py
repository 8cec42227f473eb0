"""Swap a video: a video and a comb in, the same with another face out."""

import time

import numpy as np

from helpers.compositing import check_modes
from helpers.faces import tracking
from helpers.faces.tracks import (
    KEY_EVERY,
    check_position,
    has_face,
    main_track,
    tracks_at,
)
from helpers.files import fingerprints
from helpers.footage import media
from helpers.swap import unfinished
from helpers.swap.face_editor import FaceEditor
from helpers.swap.marks.signing import signing_key
from helpers.swap.swap_tracks import Role, steady_track, write_swap
from helpers.swap.swapping import check_paths, check_swap


def swap_video(
    comb,
    video_path,
    output_path,
    source,
    detector,
    visible=True,
    progress=None,
    detect_every=KEY_EVERY,
    faces=None,
    crf=18,
    **compositing,
):
    """Swap faces through a video, from file to file, in two passes.

    The first pass follows the faces, the second swaps and writes. Frames
    without a face stay as they are and are reported; frame times and sound
    are kept. What was interrupted goes on where it was when it is called
    again with the same arguments: what is done is kept beside the result, in
    a folder that ends in `.unfinished`.

    To give several people a source each by who they are, not by where, take
    the passes one by one: `tracking.find_tracks`,
    `identity_judge.name_tracks`, `steady_track` each, and `swap_tracks` with a
    `Role` for each.

    Args:
        comb: comb of the identity `source`.
        video_path: str or path of the target's video.
        output_path: str or path of the .mp4 file to write.
        source: name of the identity whose face should appear; or a dict from
            where to whose, for several people, such as `{"left": "Rosa",
            "right": "Marco"}`. Where is said as in `faces`.
        detector: `detection.FaceDetector`.
        visible: bool. Whether swapped frames get the label. In the European
            Union who publishes a deepfake has to disclose it, and what
            generates one has to mark its file (AI Act, article 50). The file
            is marked and signed in any case; platforms strip that, the label
            stays.
        progress: function of `(stage, frames done, frames in all)`, stage
            `"detect"` or `"swap"`, or `None`.
        detect_every: int. Frames from one detection to the next, see
            `tracking.find_tracks`.
        faces: whose face of a frame is replaced, for one source: `"main"` for
            the one that the clip is about, see `tracking.find_face_track`;
            `"all"`; or where a face is when a shot begins, see
            `tracks.tracks_at`: `"left"`, `"right"`, or `(x, y)` as shares
            of the frame. `None` is `"main"`, and goes with a dict as
            `source`, which says it itself.
        crf: int. Quality: 0 is lossless, 18 looks like the original, 30 is
            poor.
        **compositing: `color`, `blend`, `occlusion`, see
            `swapping.swap_frame`.

    Returns:
        dict with `output`, `frames`, `swapped`, `bridged` (swapped frames in
        which the detector missed the face, see `tracks.bridge_gaps`),
        `without_face`, `times_without_face` (list of seconds),
        `several_faces` (frames), `shots` (in which the face is seen),
        `broken` (`None`, or why the video could not be read to its end: the
        result ends there too), `seconds` (dict of wall-clock seconds:
        `detect`, `network`, `composite`, `write`), `kept` (frames that an
        interrupted run had swapped already), `hidden` (faces of this run that
        stay as they are, as hardly any of them is seen), `notes` (list of
        str, see `media.probe_video`) and `mark`.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of the video can be read.
        ValueError: if the video shows no face, if `faces` is given beside a
            dict as `source`, or if an argument is out of range.
        OSError: if there can be no key to sign with, see
            `credentials.sign_file`; if the result cannot be written, or is
            being written by another run, see `unfinished.unfinished`.
    """
    places = _places_of(source, faces)
    for name in places.values():
        check_swap(comb, name)
    _check_places(places)
    check_paths(video_path, output_path, (".mp4",))
    check_modes(**compositing)
    signing_key()  # if it cannot be had, better now than later
    started = time.perf_counter()
    video = media.probe_video(video_path)
    with unfinished.unfinished(output_path) as begun:
        job = {
            "video": fingerprints.of_file(video_path),
            "detector": fingerprints.of_detector(detector),
            "detect_every": detect_every,
        }
        tracks = begun.keep_tracks(
            job,
            lambda: tracking.find_tracks(
                video_path,
                detector,
                detect_every,
                _stage_progress(progress, "detect"),
            ),
        )
        roles = _roles_at(tracks, places, (video["height"], video["width"]))
        detect_seconds = time.perf_counter() - started
        calm = [role._replace(track=steady_track(role.track)) for role in roles]
        editor = FaceEditor(comb, video_path, calm, visible, compositing)
        report = write_swap(
            begun, editor, _stage_progress(progress, "swap"), crf
        )
    detected = np.any(
        [has_face(role.track.landmarks) for role in roles], axis=0
    )
    report["bridged"] = report["swapped"] - int(detected.sum())
    report["seconds"] = {"detect": detect_seconds, **report["seconds"]}
    return report


def _places_of(source, faces):
    """Dict from where a face is to whose it gets."""
    if not isinstance(source, dict):
        place = "main" if faces is None else faces
        return {tuple(place) if isinstance(place, list) else place: source}
    if faces is not None:
        raise ValueError(
            "Where the faces are is said either by the keys of a dict as "
            "source or, for one source, by faces: faces=None was expected "
            f"beside a dict. Received: faces={faces!r}, source={source!r}. "
            "Leave out faces, or give one name as source."
        )
    if not source:
        raise ValueError(
            "A dict as source says at least one place and whose face comes "
            'there, such as {"left": "Rosa"}. Received: source={}'
        )
    return source


def _check_places(places):
    """Stop if it is not clear which faces are meant."""
    alone = len(places) == 1
    for place in places:
        known = place in ("main", "all") if alone else False
        if not known:
            check_position(place)


def _roles_at(tracks, places, size):
    """Roles of the faces at these places, not steadied."""
    if list(places) == ["all"]:
        return [Role(track, places["all"]) for track in tracks]
    if list(places) == ["main"]:
        return [Role(main_track(tracks), places["main"])]
    chosen = tracks_at(tracks, list(places), size)
    return [
        Role(track, source)
        for track, source in zip(chosen, places.values(), strict=True)
    ]


def _stage_progress(progress, stage):
    if progress is None:
        return None
    return lambda done, total: progress(stage, done, total)
