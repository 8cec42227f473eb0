"""Swapping: a photo or video and a comb in, the same with another face out."""

import concurrent.futures
import contextlib
import itertools
import os
import pathlib
import time
from collections import namedtuple

import numpy as np

from helpers import alignment, masks
from helpers.compositing import check_modes, composite_face
from helpers.crops import cut_crop, cut_network_crops, matrix_for
from helpers.faces import tracking
from helpers.faces.tracks import (
    KEY_EVERY,
    bridge_gaps,
    check_position,
    has_face,
    main_track,
    stabilise_track,
    tracks_at,
)
from helpers.files import fingerprints, manifests
from helpers.footage.media import media
from helpers.swap import unfinished
from helpers.swap.marks import provenance
from helpers.swap.marks.signing import signing_key
from helpers.swap.visible_face import MaskMaker

# Frames a batch for detector and network: large enough to be quick, small
# enough for 16 frames of 1080p in memory.
BATCH_SIZE = 16
# Pictures of a batch that are cut and composited side by side.
THREADS = 2

Swap = namedtuple("Swap", "frame target_crop face matrix")
Swap.__doc__ = """One swapped face and what led to it.

Args:
    frame: uint8 array, shape `(height, width, 3)`, RGB, the result.
    target_crop: float32 array, shape `(resolution, resolution, 3)`, 0-1,
        what the encoder saw.
    face: float32 array, same shape, what the source's decoder gave.
    matrix: float64 array, shape `(2, 3)`, frame pixels to pixels of the two.
"""

_Place = namedtuple("_Place", "rectangle region crop matrix look")

Role = namedtuple("Role", "track source target", defaults=(None,))
Role.__doc__ = """Whose face a followed face gets.

Args:
    track: `FaceTrack`, stabilised.
    source: name of the identity whose face should appear.
    target: name of the identity whose footage it is, if the comb knows it,
        see `Comb.looking_at`; else what the comb looks at already.
"""


def check_swap(comb, source, contract=None):
    """Stop early if a comb cannot make this swap.

    Args:
        comb: comb with `identities` and `contract`.
        source: name of the identity whose face should appear.
        contract: dict or `None`. Data contract of the faces that belong to
            the comb, from the manifest of the face sets.

    Raises:
        ValueError: if the comb has no decoder of this name.
        ContractError: if the comb was trained under another contract.
    """
    if source not in comb.identities:
        raise ValueError(
            f"source should be one of {', '.join(comb.identities)}: each has "
            f"a decoder in this comb. Received: source={source!r}"
        )
    if contract is not None:
        manifests.check_contract(comb.contract, contract, "01_data_generation")


def check_paths(input_path, output_path, endings):
    """Stop before the work begins if a result cannot be written.

    Args:
        input_path: str or path of the target's photo or video.
        output_path: str or path of the result.
        endings: sequence of str, those that the result's name may have.

    Raises:
        ValueError: if it has another one, or would overwrite the target.
    """
    ending = pathlib.Path(output_path).suffix.lower()
    if ending not in endings:
        raise ValueError(
            f"The result is written as one of {', '.join(endings)}. "
            f"Received: output_path={str(output_path)!r}"
        )
    if os.path.realpath(input_path) == os.path.realpath(output_path):
        raise ValueError(
            "The result would overwrite its own target. Received: "
            f"{str(output_path)!r} for both; choose another output path."
        )


def blending_mask(comb, yaw=0.0):
    """The soft mask along which the comb's faces are pasted.

    Args:
        comb: comb with `contract` and `resolution`.
        yaw: float. Turn of the head in degrees from
            `alignment.estimate_pose()`: the far cheek is out of sight, and
            behind it is not face but room.

    Returns:
        float32 array, shape `(resolution, resolution)`, 0-1.
    """
    return masks.blending_mask(comb.contract, comb.resolution, yaw)


def cut_target(comb, frame, landmarks):
    """What the encoder sees of a face, cut exactly as in training.

    Args:
        comb: comb with `contract` and `resolution`.
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in frame pixels.

    Returns:
        Tuple of the crop, float32 array, shape `(resolution, resolution, 3)`,
        0-1, and its matrix, float64 array, shape `(2, 3)`, frame pixels to
        crop pixels.

    Raises:
        ValueError: if the landmarks are no five different points.
    """
    size, coverage = comb.contract["crop_size"], comb.contract["coverage"]
    matrix = alignment.crop_matrix(landmarks, comb.contract)
    stored = cut_crop(frame, matrix, size)
    crop = cut_network_crops(stored[None], coverage, comb.resolution)[0]
    return crop, matrix_for(landmarks, comb.contract, comb.resolution)


def swap_frame(comb, frame, landmarks, source, mask=None, **compositing):
    """One face of a frame swapped.

    Args:
        comb: comb of the identity `source`.
        frame: uint8 array, shape `(height, width, 3)`, RGB.
        landmarks: float array, shape `(5, 2)`, `(x, y)` in frame pixels, of
            the face to replace.
        source: name of the identity whose face should appear.
        mask: float array, shape `(resolution, resolution)`, 0-1, or `None`
            for what is seen of a face turned like this one.
        **compositing: `color`, see `color_transfer.match_color`, and `blend`,
            see `blending.fit_face`; else `compositing.DEFAULT_MODE`. And
            `occlusion`, whether what stands before the face stays there, see
            `visible_face.MaskMaker`.

    Returns:
        `Swap`. Its frame carries no mark: `swap_photo`, `swap_video` and
        `showing.write_before_after` put it on what they write.

    Raises:
        ValueError: if the source is unknown or an array does not fit.
    """
    check_swap(comb, source)
    maker, compositing = _mask_maker(comb, compositing)
    if mask is None:
        mask = maker.make([maker.look(frame, landmarks)])[0]
    target_crop, matrix = cut_target(comb, frame, landmarks)
    face = comb.swap(target_crop[None], source)[0]
    result = composite_face(
        frame, face, target_crop, matrix, mask, **compositing
    )
    return Swap(result, target_crop, face, matrix)


def swap_photo(
    comb,
    photo_path,
    output_path,
    source,
    detector,
    faces="all",
    visible=True,
    **compositing,
):
    """Swap the faces of a photo, from file to file.

    Args:
        comb: comb of the identity `source`.
        photo_path: str or path of the target's photo.
        output_path: str or path of the .png, .jpg or .gif file to write.
        source: name of the identity whose face should appear.
        detector: `detection.FaceDetector`.
        faces: `"all"`, or `"largest"` for the one that the photo is about.
        visible: bool. Whether the label is drawn. In the European Union who
            publishes a deepfake has to disclose it, and what generates one
            has to mark its file (AI Act, article 50). The file is marked and
            signed in any case; platforms strip that, the label stays.
        **compositing: `color`, `blend`, `occlusion`, see `swap_frame`.

    Returns:
        dict with `output`, `faces_found`, `faces_swapped`, `swaps` (list of
        `Swap`, without the label), `before` (uint8 RGB array) and `mark`.

    Raises:
        FileNotFoundError: if there is no such photo.
        MediaError: if the photo is damaged.
        ValueError: if the photo shows no face, or if an argument is out of
            range.
        OSError: if there can be no key to sign with, see `credentials.sign`.
    """
    check_swap(comb, source)
    if faces not in ("all", "largest"):
        raise ValueError(
            f"faces should be 'all' or 'largest'. Received: faces={faces!r}"
        )
    check_paths(photo_path, output_path, provenance.PICTURES)
    check_modes(**compositing)
    before = media.read_photo(photo_path)
    found = detector.detect([before])[0]
    if not found:
        raise ValueError(
            "A photo with a face is needed, but none was found in "
            f"{photo_path}. Received: {before.shape[1]} x {before.shape[0]} "
            "pixels. Take a photo with a larger or more frontal face, or a "
            "detector with a smaller min_face_share."
        )
    chosen = found if faces == "all" else found[:1]
    swaps, frame = [], before
    for face in chosen:
        swap = swap_frame(comb, frame, face["landmarks"], source, **compositing)
        swaps.append(swap)
        frame = swap.frame
    mark = provenance.build_mark(source, visible_label=visible, **compositing)
    provenance.write_picture(output_path, frame, mark, visible, photo_path)
    return {
        "output": str(output_path),
        "faces_found": len(found),
        "faces_swapped": len(swaps),
        "swaps": swaps,
        "before": before,
        "mark": mark,
    }


def swap_video(
    comb,
    video_path,
    output_path,
    source,
    detector,
    visible=True,
    progress=None,
    detect_every=KEY_EVERY,
    faces="main",
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
    `identity_judge.name_tracks`, `steady` each, and `swap_tracks` with a
    `Role` for each.

    Args:
        comb: comb of the identity `source`.
        video_path: str or path of the target's video.
        output_path: str or path of the .mp4 file to write.
        source: name of the identity whose face should appear; or a dict from
            where to whose, for several people, such as `{"left": "Rosa",
            "right": "Marco"}`, see `faces`.
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
        faces: `"main"` for the one that the clip is about, see
            `tracking.find_face_track`; `"all"`; or where a face is when a
            shot begins, see `tracks.tracks_at`: `"left"`, `"right"`, or
            `(x, y)` as shares of the frame. Not looked at if `source` says.
        crf: int. Quality: 0 is lossless, 18 looks like the original, 30 is
            poor.
        **compositing: `color`, `blend`, `occlusion`, see `swap_frame`.

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
        ValueError: if the video shows no face, or if an argument is out of
            range.
        OSError: if there can be no key to sign with, see `credentials.sign`;
            if the result cannot be written, or is being written by another
            run, see `unfinished.unfinished`.
    """
    faces = tuple(faces) if isinstance(faces, list) else faces
    places = source if isinstance(source, dict) else {faces: source}
    for name in places.values():
        check_swap(comb, name)
    _check_places(places)
    check_paths(video_path, output_path, (".mp4",))
    check_modes(**compositing)
    signing_key()  # if it cannot be had, better now than later
    started = time.perf_counter()
    video = media.probe_video(video_path)
    with unfinished.unfinished(output_path) as begun:
        tracks = begun.tracks(
            {
                "video": fingerprints.of_file(video_path),
                "detector": fingerprints.of_detector(detector),
                "detect_every": detect_every,
            },
            lambda: tracking.find_tracks(
                video_path,
                detector,
                detect_every,
                _stage_progress(progress, "detect"),
            ),
        )
        roles = _roles_at(tracks, places, (video["height"], video["width"]))
        tracks = [role.track for role in roles]
        detect_seconds = time.perf_counter() - started
        report = _swap_tracks(
            begun,
            comb,
            video_path,
            [role._replace(track=steady(role.track)) for role in roles],
            visible,
            _stage_progress(progress, "swap"),
            crf,
            compositing,
        )
    detected = np.any([has_face(track.landmarks) for track in tracks], axis=0)
    report["bridged"] = report["swapped"] - int(detected.sum())
    report["seconds"] = {"detect": detect_seconds, **report["seconds"]}
    return report


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
    found = tracks_at(tracks, list(places), size)
    return [
        Role(track, source)
        for track, source in zip(found, places.values(), strict=True)
    ]


def steady(track):
    """A track as it is swapped: short gaps bridged, trembling calmed.

    Args:
        track: `FaceTrack`, as found.

    Returns:
        `FaceTrack`.
    """
    return stabilise_track(bridge_gaps(track))


def swap_tracks(
    comb,
    video_path,
    output_path,
    roles,
    visible=True,
    progress=None,
    crf=18,
    **compositing,
):
    """Swap faces that were followed before: the second pass over a video.

    What was interrupted goes on where it was, see `swap_video`.

    Args:
        comb: comb of the identities of all sources.
        video_path: str or path of the target's video.
        output_path: str or path of the .mp4 file to write.
        roles: list of `Role`, whose face each followed face gets.
        visible: bool. Whether swapped frames get the label, see `swap_video`.
        progress: function of `(frames done, frames in all)`, or `None`.
        crf: int, see `swap_video`.
        **compositing: `color`, `blend`, `occlusion`, see `swap_frame`.

    Returns:
        dict, see `swap_video`, without `bridged`; `seconds` without `detect`.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if no frame of the video can be read.
        ValueError: if the video is longer than a track, if no frame shows
            a face, or if an argument is out of range.
        OSError: see `swap_video`.
    """
    check_paths(video_path, output_path, (".mp4",))
    check_modes(**compositing)
    signing_key()  # if it cannot be had, better now than later
    with unfinished.unfinished(output_path) as begun:
        return _swap_tracks(
            begun,
            comb,
            video_path,
            roles,
            visible,
            progress,
            crf,
            compositing,
        )


def _swap_tracks(
    begun, comb, video_path, roles, visible, progress, crf, compositing
):
    editor = _FaceEditor(comb, video_path, roles, visible, compositing)
    sources = ", ".join(dict.fromkeys(role.source for role in roles))
    mark = provenance.build_mark(sources, visible_label=visible, **compositing)
    frames = len(editor.found)

    def tell(index):
        progress(index + 1, frames)

    job = {
        "video": fingerprints.of_file(video_path),
        "comb": fingerprints.of_comb(comb),
        "roles": [fingerprints.of_role(*role) for role in roles],
        "visible": visible,
        **compositing,
    }
    started = time.perf_counter()
    with tracking.one_opencv_thread():
        begun.write(
            video_path,
            job,
            frames,
            editor.edit,
            BATCH_SIZE,
            crf,
            progress=None if progress is None else tell,
            **provenance.video_mark(mark, video_path),
        )
    # what the threads that decode and encode keep this one waiting for, and
    # signing, are what is left
    seconds = editor.seconds
    whole = time.perf_counter() - started
    seconds["write"] = max(0.0, whole - sum(seconds.values()))
    return {
        "output": str(begun.output),
        **_count_frames(roles[0].track, editor.found),
        "kept": begun.kept,
        "hidden": editor.hidden,
        "notes": media.probe_video(video_path)["notes"],
        "seconds": seconds,
        "mark": mark,
    }


class _FaceEditor:
    """Swaps followed faces in the pictures of a video, batch by batch.

    Only the rectangle around a face is read and written.
    """

    def __init__(self, comb, video_path, roles, visible, compositing):
        for role in roles:
            check_swap(comb, role.source)
        self.video_path, self.roles = video_path, roles
        self.found = _check_found([role.track for role in roles], video_path)
        self.visible = visible
        self.masks, self.compositing = _mask_maker(comb, compositing)
        self.seconds = {"network": 0.0, "composite": 0.0}
        self.hidden = 0
        self.combs = [
            comb if role.target is None else comb.looking_at(role.target)
            for role in roles
        ]
        self.contract = comb.contract

    def edit(self, pictures):
        """Swap all faces of some `media.VideoPicture`, in place."""
        _check_length(pictures[-1].index, len(self.found), self.video_path)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            with _add_time(self.seconds, "network"):
                # all are cut before the first is pasted over its neighbour
                cuts = list(pool.map(self._cut, pictures))
                drawn = [
                    self._decode(number, places)
                    for number, places in enumerate(zip(*cuts, strict=True))
                ]
            with _add_time(self.seconds, "composite"):
                faces = zip(*drawn, strict=True)
                list(pool.map(self._paste, pictures, cuts, faces))

    def _cut(self, picture):
        """A `_Place` in the picture for each role, `None` without a face."""
        places = []
        for role, comb in zip(self.roles, self.combs, strict=True):
            landmarks = role.track.landmarks[picture.index]
            rectangle = _seen_rectangle(landmarks, self.contract, picture.shape)
            if rectangle is None:
                places.append(None)
                continue
            region = picture.read(*rectangle)
            landmarks = landmarks - rectangle[:2]
            crop, matrix = cut_target(comb, region, landmarks)
            look = self.masks.look(region, landmarks)
            places.append(_Place(rectangle, region, crop, matrix, look))
        return places

    def _decode(self, number, places):
        """Face and mask of each place of one role."""
        known = [place for place in places if place is not None]
        if not known:
            return places
        crops = np.stack([place.crop for place in known])
        faces = self.combs[number].swap(crops, self.roles[number].source)
        seen = self.masks.make([place.look for place in known])
        self.hidden += sum(not mask.any() for mask in seen)
        drawn = zip(faces, seen, strict=True)
        return [place if place is None else next(drawn) for place in places]

    def _paste(self, picture, places, drawn):
        for place, found in zip(places, drawn, strict=True):
            if place is None:
                continue
            region = place.region
            if len(self.roles) > 1:
                # a neighbour may reach into it
                region = picture.read(*place.rectangle)
            face, mask = found
            swapped = composite_face(
                region,
                face,
                place.crop,
                place.matrix,
                mask,
                **self.compositing,
            )
            picture.write(*place.rectangle[:2], swapped, region)
        if self.visible and self.found[picture.index]:
            provenance.label_picture(picture)


def _seen_rectangle(landmarks, contract, shape):
    """What the network sees of a frame: left, top, right, bottom.

    It begins and ends on even pixels, as colour is stored, or at the frame's
    edge. `None` if there are no landmarks, or if it lies outside the frame.
    """
    if not np.isfinite(landmarks).all():
        return None
    matrix = alignment.crop_matrix(landmarks, contract)
    margin = contract["crop_size"] * (1 - contract["coverage"]) / 2
    # a few pixels more, as the crop is read between pixels
    ends = (margin - 4, contract["crop_size"] - margin + 4)
    corners = alignment.transform_points(
        alignment.invert_transform(matrix), [(x, y) for x in ends for y in ends]
    )
    height, width = shape[:2]
    first = 2 * np.floor(corners.min(axis=0) / 2 - 2)
    last = 2 * np.ceil(corners.max(axis=0) / 2 + 2)
    left, top = first.clip(0, (width, height)).astype(int).tolist()
    right, bottom = last.clip(0, (width, height)).astype(int).tolist()
    if left >= right or top >= bottom:
        return None
    return left, top, right, bottom


class TrackSwapper:
    """Swaps a face that was followed before, frame by frame, by any sources.

    The video is read a second time beside its reader, because the network is
    quick only in batches and whole frames are too large to wait for it.

    Args:
        comb: comb of the identities `sources`.
        video_path: str or path of the target's video.
        sources: list of str. Identities whose faces should appear.
        track: `FaceTrack` of this video, stabilised.
        **compositing: `color`, `blend`, `occlusion`, see `swap_frame`.

    Attributes:
        found: bool array, shape `(frames,)`, whether a frame shows the face.
        seconds: dict of wall-clock seconds spent so far: `network` and
            `composite`.

    Raises:
        ValueError: if no frame shows the face, or if an argument is out of
            range.
    """

    def __init__(self, comb, video_path, sources, track, **compositing):
        for source in sources:
            check_swap(comb, source)
        check_modes(**compositing)
        self.found = _check_found([track], video_path)
        self.seconds = {"network": 0.0, "composite": 0.0}
        self.comb, self.sources, self.track = comb, sources, track
        self.video_path = video_path
        self._masks, self.compositing = _mask_maker(comb, compositing)
        self._faces = self._faces_ahead()

    def swap(self, index, frame):
        """The next frame, as each of the sources.

        Args:
            index: int, of the frame; they come in order, none is left out.
            frame: uint8 array, shape `(height, width, 3)`, RGB.

        Returns:
            list of uint8 arrays, shape `(height, width, 3)`, one a source;
            empty where the frame does not show the face.

        Raises:
            ValueError: if the video is longer than the track.
        """
        _check_length(index, len(self.found), self.video_path)
        if not self.found[index]:
            return []
        target_crop, mask, faces, matrix = next(self._faces)
        with _add_time(self.seconds, "composite"):
            return [
                composite_face(
                    frame, face, target_crop, matrix, mask, **self.compositing
                )
                for face in faces
            ]

    def close(self):
        """Let go of the video."""
        self._faces.close()

    def _cut_all(self):
        landmarks = self.track.landmarks
        # no further than the last face: the first pass noted a broken end
        needed = np.flatnonzero(self.found)[-1] + 1
        frames = itertools.islice(media.read_frames(self.video_path), needed)
        for index, _, frame in frames:
            if self.found[index]:
                with _add_time(self.seconds, "network"):
                    cut = cut_target(self.comb, frame, landmarks[index])
                    look = self._masks.look(frame, landmarks[index])
                yield *cut, look

    def _faces_ahead(self):
        """Target crop, mask, a face of each source, and matrix of each."""
        for batch in _batches(self._cut_all()):
            crops = np.stack([crop for crop, _, _ in batch])
            with _add_time(self.seconds, "network"):
                drawn = [self.comb.swap(crops, name) for name in self.sources]
                seen = self._masks.make([look for *_, look in batch])
            for (crop, matrix, _), mask, *faces in zip(
                batch, seen, *drawn, strict=True
            ):
                yield crop, mask, faces, matrix


def _mask_maker(comb, compositing):
    """Maker of masks, and what else says how faces are pasted."""
    modes = dict(compositing)
    maker = MaskMaker(comb, modes.pop("occlusion", masks.DEFAULT_OCCLUSION))
    return maker, modes


def _batches(items):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


@contextlib.contextmanager
def _add_time(seconds, stage):
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] += time.perf_counter() - started


def _count_frames(track, found):
    return {
        "frames": len(found),
        "swapped": int(found.sum()),
        "without_face": int((~found).sum()),
        "times_without_face": track.times[~found].round(3).tolist(),
        "several_faces": int((track.face_counts > 1).sum()),
        "shots": len(np.unique(track.shots[found])),
        "broken": track.broken,
    }


def _stage_progress(progress, stage):
    if progress is None:
        return None
    return lambda done, total: progress(stage, done, total)


def _check_length(index, frames, video_path):
    if index >= frames:
        raise ValueError(
            f"The track has {frames} frames, but {video_path} has more. "
            f"Received: frame {index}. Find the track of this video."
        )


def _check_found(tracks, video_path):
    """Which frames show a face, bool array, shape `(frames,)`."""
    found = np.any([has_face(track.landmarks) for track in tracks], axis=0)
    if not found.any():
        raise ValueError(
            "A video that shows a face is needed, but none was found in "
            f"{video_path}. Received: {len(found)} frames. Take a clip with "
            "a larger or more frontal face, or a detector with a smaller "
            "min_face_share."
        )
    return found
