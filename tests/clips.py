"""Clips, a face in them, and stand-ins for the comb and the detector."""

import copy
import weakref
from fractions import Fraction

import av
import cv2
import numpy as np

from helpers.files import manifests
from helpers.footage import media
from helpers.swap.marks import reading_marks

FRAME_SHAPE = (120, 160)
FACE = np.array([(64, 46), (94, 46), (79, 63), (67, 80), (92, 80)], float)

# frames of `write_gap_clip` without a face: too long to be bridged, or at the
# edge; and short enough
GAPS = (0, 7, 8, 9, 10)
MISSED = (14, 15)


class MirrorComb:
    """Gives back what it sees: a swap that should not be seen."""

    identities = ("Rosa", "Marco")
    resolution = drawn_side = 64
    contract = manifests.data_contract()
    detail = None

    def __init__(self):
        self.batches = []
        self.target = None
        self.shifts = {}

    def variables(self):
        return {}

    def looking_at(self, target):
        if target not in (None, *self.identities):
            raise ValueError(f"Knows Rosa, Marco. Received: {target!r}")
        view = copy.copy(self)
        view.target = target
        return view

    def swap(self, crops, source):
        assert source in self.identities
        assert crops.dtype == np.float32
        self.batches.append(len(crops))
        return crops.copy()

    def enlarge(self, faces, identity):
        assert identity in self.identities
        return faces


class GreenComb(MirrorComb):
    """Gives back one colour: a swap that cannot be overlooked."""

    def swap(self, crops, source):
        self.batches.append(len(crops))
        return np.broadcast_to(np.float32([0, 1, 0]), crops.shape).copy()


class NameComb(MirrorComb):
    """Rosa is green, Marco is black."""

    def swap(self, crops, source):
        color = np.float32({"Rosa": (0, 1, 0), "Marco": (0, 0, 0)}[source])
        self.batches.append((self.target, source, len(crops)))
        return np.broadcast_to(color, crops.shape).copy()


def face_at(x=0.0, y=0.0, scale=1.0):
    """A face as the detector gives it, moved by x and y pixels."""
    centre = FACE.mean(axis=0)
    landmarks = (FACE - centre) * scale + centre + (x, y)
    left, top = landmarks.min(axis=0) - 12 * scale
    box = (left, top, 54 * scale, 62 * scale)
    return {"box": box, "score": 0.99, "landmarks": landmarks}


class FakeDetector:
    """Gives the faces that the test wants, one detected frame after another.

    Where no frame was detected, `refine` finds a face wherever it looks.
    """

    min_face_share = 0.12

    def __init__(self, faces_of_frames):
        self.waiting = list(faces_of_frames)
        self.given = []

    def detect(self, images):
        found, self.waiting = (
            self.waiting[: len(images)],
            self.waiting[len(images) :],
        )
        assert len(found) == len(images)
        seen = [weakref.ref(image) for image in images]
        self.given = [*zip(seen, found, strict=True), *self.given]
        return found

    def refine(self, images, landmarks, views=8):
        landmarks = np.array(landmarks)
        scores = np.ones(len(images))
        for number, image in enumerate(images):
            known = [faces for seen, faces in self.given if seen() is image]
            if known:
                scores[number] = any(
                    np.abs(face["landmarks"] - landmarks[number]).max() < 5
                    for face in known[0]
                )
        return landmarks, scores, np.ones(len(images))


def gap_detector():
    """What is seen in the frames of `write_gap_clip`."""
    empty = GAPS + MISSED
    return FakeDetector([[] if n in empty else [face_at()] for n in range(22)])


def picture(seed=0, shape=FRAME_SHAPE):
    noise = np.random.default_rng(seed).random((5, 5, 3)) * 150 + 50
    height, width = shape
    large = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.rint(large), 0, 255).astype(np.uint8)


def write_clip(path, frames, times=None, pixels="yuv420p"):
    """An mp4 of these frames, with times in milliseconds and a tone."""
    times = [40 * n for n in range(len(frames))] if times is None else times
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pixels
        video.codec_context.time_base = Fraction(1, 1000)
        video.options = {"crf": "10", "preset": "ultrafast"}
        audio = container.add_stream("aac", rate=16000)
        audio.layout = "mono"
        for image, time in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for start in range(0, 16 * times[-1], 1024):
            tone = np.sin((start + np.arange(1024)) * 0.17, dtype=np.float32)
            sound = av.AudioFrame.from_ndarray(tone[None], "fltp", "mono")
            sound.sample_rate, sound.pts = 16000, start
            container.mux(audio.encode(sound))
        container.mux(audio.encode())
    return path


def write_gap_clip(path):
    """A clip of 22 frames at uneven times, with sound."""
    times = np.cumsum([0, *[33, 50, 40] * 7]).tolist()
    return write_clip(path, [picture(3)] * 22, times)


def read_clip(path):
    """Times in seconds and frames of a video."""
    read = list(media.read_frames(path))
    return [time for _, time, _ in read], [frame for *_, frame in read]


def read_sound(path):
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.audio[0])
        return [bytes(packet) for packet in packets if packet.size]


def count_in_memory(monkeypatch):
    """For each frame that is read, how many read frames are in memory."""
    alive, counts = [], []
    real = media.read_frames

    def spy(path, **options):
        for index, time, frame in real(path, **options):
            alive.append(weakref.ref(frame))
            counts.append(sum(reference() is not None for reference in alive))
            yield index, time, frame

    monkeypatch.setattr(media, "read_frames", spy)
    return counts


def assert_signed(path, mark):
    """That a file carries a mark, is signed, and that a change is noticed."""
    report = reading_marks.read_provenance(path)
    assert report["mark"] == mark
    assert (report["credentials"], report["altered"]) == ("valid", False)
    assert report["trusted"] and report["signed_at"] == mark["made_at"]
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    copy = path.with_name(f"altered{path.suffix}")
    copy.write_bytes(content)
    assert reading_marks.read_provenance(copy)["altered"] is True
    copy.unlink()
