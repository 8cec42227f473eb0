"""Scores without a truth: what they say of combs whose worth is known."""

import types

import cv2
import numpy as np
import pytest

from benchmarks import real
from benchmarks.parts import crop_landmarks, film_scores, real_evaluation
from helpers.faces import detection, facesets
from helpers.faces.face_set import FaceSet
from helpers.faces.readers import blendshapes
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.proof import identity_judge
from helpers.swapper import Swapper

SIZE = 64
RESOLUTION = 32
CONTRACT = manifests.data_contract(crop_size=SIZE, coverage=0.8)
EYES_APART = 20.0
# left eye, right eye, nose, left and right mouth corner, (x, y) in pixels
LANDMARKS = np.array([[22, 20], [42, 20], [32, 30], [24, 42], [40, 42]], float)
COLORS = np.array(
    [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]]
)


def draw(landmarks, size=SIZE):
    """A picture with a soft dot of its own colour at each landmark."""
    y, x = np.mgrid[:size, :size]
    image = np.zeros((size, size, 3))
    for (left, top), color in zip(landmarks, COLORS, strict=True):
        distance = (x - left) ** 2 + (y - top) ** 2
        image += np.exp(-distance / 8)[..., None] * color
    return np.clip(image, 0, 255).round().astype(np.uint8)


class DotDetector:
    """Finds `draw`'s dots; no face where the picture is black."""

    parameters = {"detector": "dots"}

    def detect(self, images):
        return [self._detect(image.astype(float)) for image in images]

    def _detect(self, image):
        if image.max() < 50:
            return []
        y, x = np.mgrid[: image.shape[0], : image.shape[1]]
        points = []
        for color in COLORS / 255:
            # as bright as the dot's channels, as dark as its others
            weight = image[..., color > 0].min(axis=-1)
            weight = weight - image[..., color == 0].max(axis=-1)
            weight = np.clip(weight, 0, None) ** 2
            points.append([(x * weight).sum(), (y * weight).sum()])
            points[-1] = np.array(points[-1]) / weight.sum()
        return [{"score": 0.99, "landmarks": np.array(points)}]


def moving(frames=6, shift=(0.0, 0.0)):
    """Landmarks of a mouth that opens, a whole face shifted by `shift`."""
    found = np.repeat(LANDMARKS[None], frames, axis=0)
    found[:, 3:, 1] += np.linspace(-3, 3, frames)[:, None]
    return found + np.array(shift)


def film(landmarks):
    return np.array([draw(each) for each in landmarks])


def test_landmarks_are_found_in_the_crops_own_pixels():
    landmarks = moving(shift=(1.5, -0.5))
    found = crop_landmarks.find_landmarks(film(landmarks), DotDetector())
    assert found.shape == (6, 5, 2)
    np.testing.assert_allclose(found, landmarks, atol=0.15)
    nothing = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    assert np.isnan(crop_landmarks.find_landmarks(nothing, DotDetector())).all()


def test_a_shifted_face_is_as_far_off_as_it_was_shifted():
    target, swaps = film(moving()), film(moving(shift=(3.0, 4.0)))
    found = crop_landmarks.landmark_scores(DotDetector(), target, swaps, target)
    assert found["landmark_error_share"] == pytest.approx(
        5 / EYES_APART, abs=0.01
    )
    assert found["landmark_close_share"] == 0
    # all of it is a matter of build: the face moves as the target does
    assert found["landmark_motion_share"] < 0.01
    assert found["landmark_noise_share"] < 0.01
    assert found["landmark_own_share"] == 0
    assert found["landmark_found_share"] == 1


def test_a_face_that_never_moves_scores_as_one():
    target = film(moving())
    still = film(np.repeat(moving().mean(axis=0)[None], 6, axis=0))
    found = crop_landmarks.landmark_scores(DotDetector(), target, still, target)
    # two of five points, on average 1.8 pixels from their middle
    expected = 0.4 * 1.8 / EYES_APART
    for name in ("error", "motion", "still"):
        assert found[f"landmark_{name}_share"] == pytest.approx(
            expected, abs=0.005
        )
    assert found["landmark_close_share"] == pytest.approx(4 / 6)


def test_swaps_without_a_face_are_counted_and_not_close():
    target, swaps = film(moving()), film(moving())
    swaps[:3] = 0
    found = crop_landmarks.landmark_scores(DotDetector(), target, swaps, target)
    assert found["landmark_found_share"] == 0.5
    assert found["landmark_close_share"] == 0.5
    assert found["landmark_error_share"] < 0.01
    with pytest.raises(ValueError, match="6 found of 6 targets, and 0"):
        crop_landmarks.landmark_scores(DotDetector(), target, 0 * swaps, target)


class FakeFaceSet(FaceSet):
    """`FaceSet` of one colour and moving dots, without a disk."""

    def __init__(self, identity, red, rows=None, contract=CONTRACT):
        self.identity, self.red, self.contract = identity, red, contract
        self.rows = np.arange(12) if rows is None else np.asarray(rows)
        self.records = [
            {"yaw": 0.0, "pitch": 0.0, "file": "clip.mp4", "frame": int(row)}
            for row in self.rows
        ]

    def __len__(self):
        return len(self.rows)

    def select(self, split):
        chosen = self.rows < 6 if split == "train" else self.rows >= 6
        return self.pick(np.flatnonzero(chosen))

    def pick(self, rows):
        return FakeFaceSet(
            self.identity, self.red, self.rows[rows], self.contract
        )

    def load_crops(self, size=SIZE):
        scale = size / SIZE
        landmarks = (moving(12)[self.rows] + 0.5) * scale - 0.5
        crops = np.array([draw(each, size) for each in landmarks])
        return np.maximum(crops, self.red).astype(np.uint8)

    def load_masks(self, size=SIZE):
        return np.full((len(self), size, size), 255, np.uint8)


class IdleComb(Swapper):
    """Gives back what it was shown, whoever's decoder is asked."""

    resolution = RESOLUTION
    contract = CONTRACT

    def check_identity(self, name):
        if name not in ("Rosa", "Marco"):
            raise ValueError(f"Received: identity={name!r}")

    def encode(self, crops, batch_size=64):
        return crops.reshape(len(crops), -1) * 0.99

    def decode(self, latents, identity, batch_size=64):
        crops = latents.reshape(-1, RESOLUTION, RESOLUTION, 3)
        return crops.astype(np.float32)


class RednessJudge:
    """Knows Rosa by a brighter picture."""

    def score(self, crops, identity):
        rosa = crops.mean(axis=(1, 2, 3)) > 60
        share = np.mean(rosa if identity == "Rosa" else ~rosa)
        return {"identity_share": share, "identity_margin": 2 * share - 1}


class Brightness:
    """Vectors that are how bright a face is."""

    def vectors(self, crops):
        return crops.mean(axis=(1, 2, 3))[:, None]


class MovingMouth:
    """Blendshapes of a jaw that opens with the dots of the mouth."""

    def read(self, crops):
        y = np.arange(crops.shape[1])[:, None]
        yellow = crops[..., :2].min(axis=-1).astype(float) - crops[..., 2]
        yellow = np.clip(yellow, 0, None) ** 2
        low = (yellow * y).sum(axis=(1, 2)) / yellow.sum(axis=(1, 2))
        read = np.zeros((len(crops), 52))
        read[:, blendshapes.NAMES.index("jawOpen")] = low / SIZE
        return read, None


@pytest.fixture
def face_sets(monkeypatch):
    # painted faces are none to networks
    readers = real_evaluation.blendshapes, real_evaluation.likeness
    monkeypatch.setattr(readers[0], "shipped_blendshapes", MovingMouth)
    monkeypatch.setattr(readers[1], "shipped_first", Brightness)
    return {"Rosa": FakeFaceSet("Rosa", 90), "Marco": FakeFaceSet("Marco", 30)}


def test_a_comb_that_changes_nothing_keeps_landmarks_and_identity(face_sets):
    found = real_evaluation.real_scores(
        IdleComb(), face_sets, DotDetector(), RednessJudge()
    )
    assert [(p["source"], p["target"]) for p in found["pairs"]] == [
        ("Marco", "Rosa"),
        ("Rosa", "Marco"),
    ]
    assert found["landmark_error_share"] < 0.02
    assert found["identity_share"] == found["identity_unchanged_share"] == 0
    assert found["identity_margin"] == -1
    assert found["identity_accuracy_held_out"] == 1
    # there and back costs two hundredths, its own reconstruction one
    assert found["cycle_ratio"] == pytest.approx(2, abs=0.05)
    assert all(pair["frames"] == 6 for pair in found["pairs"])
    # and to a viewer nothing happened
    assert found["likeness_gap"] == pytest.approx(1, abs=0.05)
    # real faces are pasted in the target's light, so as bright as it is
    assert found["likeness_gap_ceiling"] == pytest.approx(1, abs=0.1)
    assert found["expression_correlation"] == pytest.approx(1, abs=0.01)
    assert found["expression_slope"] == pytest.approx(1, abs=0.05)
    # dots that are drawn at half their size tremble against their target's
    assert 1 <= found["seam"] < 2 and 0.5 < found["sharpness"] < 2
    assert found["flicker_ratio"] > 1
    assert found["error_over_bicubic"] == pytest.approx(1)


def test_film_is_a_stretch_of_the_clip_that_is_longest():
    def records(name, frames):
        return [{"file": name, "frame": frame} for frame in frames]

    faces = records("b.mp4", (7, 5, 3, 1)) + records("a.mp4", (0, 1))
    clip = film_scores.stretch_of(FaceSet("Rosa", ".", {}, faces), most=2)
    assert [each["frame"] for each in clip.records] == [3, 5]


def test_a_pair_is_asked_for_by_name_or_path(tmp_path, monkeypatch):
    monkeypatch.setattr(real, "PEOPLE", tmp_path / "people")
    (tmp_path / "people" / "ann").mkdir(parents=True)
    (tmp_path / "ben.mp4").write_bytes(b"a clip")
    assert real.footage_of("ann") == ("ann", tmp_path / "people" / "ann")
    folder = str(tmp_path / "people" / "ann")
    assert real.footage_of(folder) == ("ann", tmp_path / "people" / "ann")
    name, home = real.footage_of(str(tmp_path / "ben.mp4"), tmp_path / "out")
    assert name == "ben" and (home / "ben.mp4").read_bytes() == b"a clip"
    with pytest.raises(FileNotFoundError, match="Received: 'cleo'"):
        real.footage_of("cleo")


class FineComb(IdleComb):
    """Draws at four times the size that it sees."""

    def enlarge(self, faces, identity):
        side = 4 * RESOLUTION
        return np.array([cv2.resize(each, (side, side)) for each in faces])


def test_faces_of_any_side_are_judged(face_sets):
    found = real_evaluation.real_scores(
        FineComb(), face_sets, DotDetector(), RednessJudge(), most=3
    )
    assert found["cycle_ratio"] == pytest.approx(2, abs=0.2)
    assert found["likeness_gap"] == pytest.approx(1, abs=0.05)
    # linear enlargement is no better and no worse than bicubic
    assert found["error_over_bicubic"] == pytest.approx(1, abs=0.1)


def test_no_more_frames_are_judged_than_asked_for(face_sets):
    found = real_evaluation.real_scores(
        IdleComb(), face_sets, DotDetector(), RednessJudge(), most=3
    )
    assert [pair["frames"] for pair in found["pairs"]] == [3, 3]


def test_what_cannot_be_scored_is_refused(face_sets):
    def score(sets):
        return real_evaluation.real_scores(
            IdleComb(), sets, DotDetector(), RednessJudge()
        )

    with pytest.raises(ValueError, match="two identities at least"):
        score({"Rosa": face_sets["Rosa"]})
    with pytest.raises(ValueError, match="'Marco': 0"):
        score(face_sets | {"Marco": face_sets["Marco"].select("train")})
    with pytest.raises(ValueError, match="identity='Lena'"):
        score(face_sets | {"Lena": FakeFaceSet("Lena", 10)})
    face_sets["Marco"].contract = manifests.data_contract(coverage=0.7)
    with pytest.raises(manifests.ContractError, match="coverage"):
        score(face_sets)


def test_a_pasted_face_leaves_its_surroundings_as_they_were(face_sets):
    target = face_sets["Marco"].select("test")
    white = np.ones((6, RESOLUTION, RESOLUTION, 3), np.float32)
    white[:, ::4] = 0.5
    swaps = real_evaluation.paste_into(IdleComb(), target, white)
    stored = target.load_crops()
    assert swaps.dtype == np.uint8 and swaps.shape == stored.shape
    np.testing.assert_array_equal(swaps[:, :6], stored[:, :6])
    np.testing.assert_array_equal(swaps[:, :, -6:], stored[:, :, -6:])
    middle = slice(24, 40)
    assert (swaps[:, middle, middle] != stored[:, middle, middle]).any()
    with pytest.raises(ValueError, match="6 crops and 5 faces"):
        real_evaluation.paste_into(IdleComb(), target, white[1:])


@pytest.fixture(scope="module")
def real_faces(shared_data, tmp_path_factory):
    """Every tenth frame of two real clips, as face sets."""
    folder = tmp_path_factory.mktemp("real")
    contract = manifests.data_contract()
    names = ("person_a", "sen_menendez")
    for name in names:
        extraction.extract_faces(
            shared_data / "people" / name,
            folder,
            contract,
            detection.FaceDetector(0.2),
            name,
            every=10,
            held_out_share=0.4,
        )
    facesets.write_face_sets(folder, names, contract)
    return {name: facesets.read_face_set(folder, name) for name in names}


def test_real_faces_are_known_in_each_others_crops(real_faces):
    judge = identity_judge.train_identity_judge(real_faces)
    comb = types.SimpleNamespace(
        resolution=64, contract=manifests.data_contract(), swap=lambda c, _: c
    )
    one, other = (each.select("test") for each in real_faces.values())
    for source, target in ((one, other), (other, one)):
        found = real_evaluation.identity_controls(comb, judge, source, target)
        assert found["identity_accuracy_held_out"] > 0.9
        assert found["identity_pasted_share"] > 0.9
        assert found["identity_unchanged_share"] < 0.1


def test_mtcnn_scatters_less_than_what_is_asked_of_a_swap(real_faces):
    crops = real_faces["person_a"].select("test").load_crops()
    detector = detection.FaceDetector(0.2)
    found = crop_landmarks.landmark_scores(detector, crops, crops, crops)
    assert found["landmark_found_share"] == 1
    assert found["landmark_error_share"] == 0
    noise = found["landmark_noise_share"]
    assert 0 < noise < crop_landmarks.CLOSE / 2
