"""Track swapper: frames of a followed face in, other faces in them out."""

import itertools

import numpy as np

from helpers.compositing import check_modes, composite_face
from helpers.footage import media
from helpers.swap import face_editor, swapping
from helpers.swap.swapping import BATCH_SIZE


class TrackSwapper:
    """Swaps a face that was followed before, frame by frame, by any sources.

    The video is read a second time beside its reader, because the network is
    quick only in batches and whole frames are too large to wait for it.

    Args:
        comb: comb of the identities `sources`.
        video_path: str or path of the target's video.
        sources: list of str. Identities whose faces should appear.
        track: `tracks.FaceTrack` of this video, stabilised.
        **compositing: `color`, `blend`, `occlusion`, see
            `swapping.swap_frame`.

    Attributes:
        with_face: bool array, shape `(frames,)`, whether a frame shows the
            face.
        seconds: dict of wall-clock seconds spent so far: `network` and
            `composite`.

    Raises:
        ValueError: if no frame shows the face, or if an argument is out of
            range.
    """

    def __init__(self, comb, video_path, sources, track, **compositing):
        for source in sources:
            swapping.check_swap(comb, source)
        check_modes(**compositing)
        self.with_face = face_editor.frames_with_face([track], video_path)
        self.seconds = {"network": 0.0, "composite": 0.0}
        self.comb, self.sources, self.track = comb, sources, track
        self.video_path = video_path
        self._masks, self._modes = swapping.maker_and_modes(comb, compositing)
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
        face_editor.check_length(index, len(self.with_face), self.video_path)
        if not self.with_face[index]:
            return []
        cut, mask, faces = next(self._faces)
        with face_editor.add_time(self.seconds, "composite"):
            return [
                composite_face(
                    frame,
                    face,
                    cut.target_crop,
                    cut.matrix,
                    mask,
                    **self._modes,
                )
                for face in faces
            ]

    def close(self):
        """Let go of the video."""
        self._faces.close()

    def _cut_all(self):
        landmarks = self.track.landmarks
        # no further than the last face: the first pass noted a broken end
        needed = np.flatnonzero(self.with_face)[-1] + 1
        frames = itertools.islice(media.read_frames(self.video_path), needed)
        for index, _, frame in frames:
            if self.with_face[index]:
                with face_editor.add_time(self.seconds, "network"):
                    cut = swapping.cut_target(
                        self.comb, frame, landmarks[index]
                    )
                    look = self._masks.look_at_face(frame, landmarks[index])
                yield cut, look

    def _faces_ahead(self):
        """What was cut, mask, and a face of each source, of each frame."""
        for batch in _batches(self._cut_all()):
            crops = np.stack([cut.seen for cut, _ in batch])
            with face_editor.add_time(self.seconds, "network"):
                drawn = [
                    swapping.draw_faces(self.comb, crops, name)
                    for name in self.sources
                ]
                seen = self._masks.make_masks([look for _, look in batch])
            for (cut, _), mask, *faces in zip(batch, seen, *drawn, strict=True):
                yield cut, mask, faces


def _batches(items):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch
