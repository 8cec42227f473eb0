"""Face editor: pictures of a video in, their faces swapped in place."""

import concurrent.futures
import contextlib
import time
from collections import namedtuple

import numpy as np

from helpers import alignment
from helpers.compositing import composite_face
from helpers.faces.tracks import has_face
from helpers.swap import swapping
from helpers.swap.marks.label import label_picture

# Pictures of a batch that are cut and composited side by side.
THREADS = 2

_Place = namedtuple("_Place", "rectangle region cut look")


class FaceEditor:
    """Swaps followed faces in the pictures of a video, batch by batch.

    Only the rectangle around a face is read and written.

    Args:
        comb: comb of the identities of all sources.
        video_path: str or path of the target's video.
        roles: list of `swap_tracks.Role`.
        visible: bool. Whether swapped pictures get the label.
        compositing: dict of `color`, `blend` and `occlusion`, see
            `swapping.swap_frame`.

    Attributes:
        with_face: bool array, shape `(frames,)`, whether a frame shows a
            face.
        seconds: dict of wall-clock seconds spent so far: `network` and
            `composite`.
        hidden: int, faces so far that stay as they are, as hardly any of
            them is seen.

    Raises:
        ValueError: if no frame shows a face, or if an argument is out of
            range.
    """

    def __init__(self, comb, video_path, roles, visible, compositing):
        for role in roles:
            swapping.check_swap(comb, role.source)
        self.comb, self.video_path, self.roles = comb, video_path, roles
        self.visible, self.compositing = visible, compositing
        tracks = [role.track for role in roles]
        self.with_face = frames_with_face(tracks, video_path)
        # one for each face, as it remembers whether that wears glasses
        makers = [swapping.maker_and_modes(comb, compositing) for _ in roles]
        self._masks, (self._modes, *_) = zip(*makers, strict=True)
        self.seconds = {"network": 0.0, "composite": 0.0}
        self.hidden = 0
        self._combs = [
            comb if role.target is None else comb.looking_at(role.target)
            for role in roles
        ]

    def edit_pictures(self, pictures):
        """Swap all faces of some `media.VideoPicture`, in place.

        Args:
            pictures: list of `media.VideoPicture`, in order.

        Raises:
            ValueError: if the video is longer than its tracks.
        """
        check_length(pictures[-1].index, len(self.with_face), self.video_path)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            with add_time(self.seconds, "network"):
                # all are cut before the first is pasted over its neighbour
                cuts = list(pool.map(self._cut, pictures))
                drawn = [
                    self._decode(number, places)
                    for number, places in enumerate(zip(*cuts, strict=True))
                ]
            with add_time(self.seconds, "composite"):
                faces = zip(*drawn, strict=True)
                list(pool.map(self._paste, pictures, cuts, faces))

    def _cut(self, picture):
        """A `_Place` in the picture for each role, `None` without a face."""
        places = []
        for role, comb, maker in zip(
            self.roles, self._combs, self._masks, strict=True
        ):
            landmarks = role.track.landmarks[picture.index]
            rectangle = _seen_rectangle(
                landmarks, self.comb.contract, picture.shape
            )
            if rectangle is None:
                places.append(None)
                continue
            region = picture.read(*rectangle)
            landmarks = landmarks - rectangle[:2]
            cut = swapping.cut_target(comb, region, landmarks)
            look = maker.look_at_face(region, landmarks)
            places.append(_Place(rectangle, region, cut, look))
        return places

    def _decode(self, number, places):
        """Face and mask of each place of one role."""
        known = [place for place in places if place is not None]
        if not known:
            return places
        crops = np.stack([place.cut.seen for place in known])
        comb, source = self._combs[number], self.roles[number].source
        faces = swapping.draw_faces(comb, crops, source)
        looks = [place.look for place in known]
        seen = self._masks[number].make_masks(looks)
        self.hidden += sum(not mask.any() for mask in seen)
        drawn = zip(faces, seen, strict=True)
        return [place if place is None else next(drawn) for place in places]

    def _paste(self, picture, places, drawn):
        for place, pair in zip(places, drawn, strict=True):
            if place is None:
                continue
            region = place.region
            if len(self.roles) > 1:
                # a neighbour may reach into it
                region = picture.read(*place.rectangle)
            face, mask = pair
            swapped = composite_face(
                region,
                face,
                place.cut.target_crop,
                place.cut.matrix,
                mask,
                **self._modes,
            )
            picture.write(*place.rectangle[:2], swapped, region)
        if self.visible and self.with_face[picture.index]:
            label_picture(picture)


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


@contextlib.contextmanager
def add_time(seconds, stage):
    """Add the time of what is done inside to that of a stage.

    Args:
        seconds: dict of wall-clock seconds, changed in place.
        stage: str, its key.
    """
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] += time.perf_counter() - started


def check_length(index, frames, video_path):
    """Stop where a video goes on after its track.

    Args:
        index: int, of a frame of the video.
        frames: int, of the track.
        video_path: str or path, named in the error.

    Raises:
        ValueError: if the track has no such frame.
    """
    if index >= frames:
        raise ValueError(
            f"The track has {frames} frames, but {video_path} has more. "
            f"Received: frame {index}. Find the track of this video."
        )


def frames_with_face(tracks, video_path):
    """Which frames of a video show a face that was followed.

    Args:
        tracks: list of `tracks.FaceTrack`, of one video.
        video_path: str or path, named in the error.

    Returns:
        bool array, shape `(frames,)`.

    Raises:
        ValueError: if none does.
    """
    with_face = np.any([has_face(track.landmarks) for track in tracks], axis=0)
    if not with_face.any():
        raise ValueError(
            "A video that shows a face is needed, but none was found in "
            f"{video_path}. Received: {len(with_face)} frames. Take a clip "
            "with a larger or more frontal face, or a detector with a smaller "
            "min_face_share."
        )
    return with_face
