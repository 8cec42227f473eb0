"""The report of a swapped clip: clips whose faults are known."""

import json

import numpy as np
import pytest
from clips import FACE, FRAME_SHAPE, MirrorComb, picture, write_clip

from helpers import plotting
from helpers.faces.tracks import FaceTrack
from helpers.proof import clip_report
from helpers.swap.swap_tracks import Role

FRAMES = 20  # more than one batch
COLORS = np.array(
    [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]]
)
EYES = np.linalg.norm(FACE[1] - FACE[0])


class PlainComb(MirrorComb):
    """Draws what it sees; latents are the picture itself."""

    def check_identity(self, identity):
        if identity not in self.identities:
            raise ValueError(f"Received: identity={identity!r}")

    def shift(self, source, target):
        return np.float32(0.0)

    def encode(self, crops):
        return crops

    def decode(self, latents, identity):
        return latents * np.float32(0.9)


class DotDetector:
    """Finds a dot of its own colour at each landmark."""

    def refine(self, images, landmarks):
        points = [self._find(image.astype(float)) for image in images]
        return np.array(points), np.ones(len(points)), np.ones(len(points))

    def _find(self, image):
        y, x = np.mgrid[: image.shape[0], : image.shape[1]]
        points = []
        for color in COLORS / 255:
            weight = image[..., color > 0].min(axis=-1)
            weight = weight - image[..., color == 0].max(axis=-1)
            weight = np.clip(weight - 30, 0, None) ** 2
            points.append([(x * weight).sum(), (y * weight).sum()])
            points[-1] = np.array(points[-1]) / weight.sum()
        return points


class HalfJudge:
    """Sure of bright crops."""

    def margins(self, crops, identity):
        assert identity == "Rosa"
        return np.where(crops.mean(axis=(1, 2, 3)) > 100, 0.5, -0.5)


def draw(landmarks, change=0):
    """A grey room with a face of five dots."""
    grey = picture().mean(axis=-1, keepdims=True) / 2 + 20
    image = np.repeat(grey, 3, axis=-1)
    y, x = np.mgrid[: FRAME_SHAPE[0], : FRAME_SHAPE[1]]
    image[20:105, 45:115] += change
    for (left, top), color in zip(landmarks, COLORS, strict=True):
        spot = np.exp(-((x - left) ** 2 + (y - top) ** 2) / 18)[..., None]
        image = image * (1 - spot) + spot * color
    return np.clip(image, 0, 255).astype(np.uint8)


def track(faces=FRAMES, frames=FRAMES):
    landmarks = np.repeat(FACE[None], frames, axis=0)
    landmarks[faces:] = np.nan
    return FaceTrack(
        landmarks,
        np.arange(frames) / 25,
        np.ones(frames, int),
        np.zeros(frames, int),
        None,
    )


def report_of(tmp_path, swaps, judge=None, faces=FRAMES, frames=FRAMES):
    targets = [draw(FACE) for _ in range(FRAMES)]
    target = write_clip(tmp_path / "target.mp4", targets)
    swap = write_clip(tmp_path / "swap.mp4", swaps)
    role = Role(track(faces, frames), "Rosa", "Marco")
    return clip_report.report_clip(
        PlainComb(), role, target, swap, DotDetector(), judge
    )


def test_a_clip_left_alone_has_no_fault_but_its_identity(tmp_path, capsys):
    report = report_of(
        tmp_path, [draw(FACE) for _ in range(FRAMES)], HalfJudge()
    )
    figures = report.figures
    assert json.loads(json.dumps(figures)) == figures
    assert figures["frames"] == figures["frames_swapped"] == FRAMES
    assert figures["frames_lost"] == figures["frames_without_face"] == 0
    assert figures["same_sound"] is True
    assert figures["background_before_encoding"] == 0
    assert figures["background_max"] == 0
    swap = figures["swap"]
    assert swap["flicker_ratio"] == 1 and swap["sharpness"] == 1
    assert swap["seam"] == 1 and swap["landmark_error_share"] == 0
    assert swap["cycle_ratio"] == pytest.approx(1)
    assert swap["identity_share"] == 0
    assert swap["identity_margin"] == pytest.approx(-0.5)
    # the plain comb draws its target: uncorrected it is but less sharp
    assert figures["uncorrected"]["landmark_error_share"] < 0.02
    clip_report.print_table(report)
    printed = capsys.readouterr().out
    assert "uncorrected" in printed and "flicker_ratio" in printed


def test_a_shifted_face_is_as_wrong_as_it_was_shifted(tmp_path):
    swaps = [draw(FACE + (0, 3)) for _ in range(FRAMES)]
    report = report_of(tmp_path, swaps)
    share = report.figures["swap"]["landmark_error_share"]
    assert share == pytest.approx(3 / EYES, rel=0.1)
    assert "identity_share" not in report.figures["swap"]
    # a plain forehead and plain cheeks come back wherever the face is
    assert report.figures["swap"]["cycle_ratio"] > 1.3


def test_a_bright_frame_is_found_and_shown(tmp_path):
    swaps = [draw(FACE, 60 * (n == 13)) for n in range(FRAMES)]
    report = report_of(tmp_path, swaps, HalfJudge())
    assert report.figures["swap"]["flicker_ratio"] > 2
    assert report.figures["swap"]["seam"] > 1
    assert int(np.nanargmax(report.curves["seam"])) == 13
    assert int(np.nanargmax(report.curves["flicker"])) in (13, 14)
    assert np.isnan(report.curves["flicker"][0])
    captions = [caption for caption, *_ in report.shown]
    assert "seam" in captions[2] and "0.52 s" in captions[2]
    assert len(report.shown) == 4 + clip_report.EVENLY_SHOWN
    figure = plotting.plot_clip_report(report)
    names = [axes.get_ylabel() for axes in figure.axes]
    assert "flicker" in names and "identity\nmargin" in names
    plotting.save_figure(figure, tmp_path / "report.png", 1000)


def test_frames_without_a_face_and_lost_ones_are_counted(tmp_path):
    swaps = [draw(FACE) for _ in range(FRAMES - 2)]
    report = report_of(tmp_path, swaps, faces=11)
    assert report.figures["frames"] == FRAMES - 2
    assert report.figures["frames_lost"] == 2
    assert report.figures["frames_without_face"] == FRAMES - 2 - 11
    assert np.isnan(report.curves["seam"][11:]).all()
    assert len(report.curves["times"]) == FRAMES - 2


def test_what_cannot_be_reported(tmp_path):
    swaps = [draw(FACE) for _ in range(FRAMES)]
    with pytest.raises(ValueError, match="The track has 5 frames"):
        report_of(tmp_path, swaps, frames=5)
    with pytest.raises(ValueError, match="judged by its faces"):
        report_of(tmp_path, swaps, faces=0)
    role = Role(track(), "Rosa", None)
    with pytest.raises(ValueError, match="identity=None"):
        clip_report.report_clip(
            PlainComb(), role, "a.mp4", "b.mp4", DotDetector()
        )
    role = Role(track(), "Nobody", "Rosa")
    with pytest.raises(ValueError, match="source should be one of"):
        clip_report.report_clip(
            PlainComb(), role, "a.mp4", "b.mp4", DotDetector()
        )
