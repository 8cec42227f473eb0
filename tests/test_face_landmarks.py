"""The landmark network that comes with the course, and what it was shown."""

import functools
import json

import numpy as np
import pytest

from benchmarks import face_landmarks as training
from benchmarks.parts import landmark_faces, portrait_points
from helpers import alignment, synthetic
from helpers.alignment import MIRRORED
from helpers.crops import cut_crop
from helpers.faces.readers import face_landmarks, face_measures
from helpers.files import manifests

FIRST_PERSON = 75_000  # of those whom the network has never seen


@functools.cache
def reader():
    return face_landmarks.read_face_landmarks()


def crop_of(number, size=256, **frame):
    """A stored crop of a rendered person, and its true points."""
    person = synthetic.Person(
        {**synthetic.random_identity(number), "glasses": None},
        texture_size=256,
    )
    shot = synthetic.render(person, frame, 400, geometry=True)
    matrix = alignment.crop_matrix(
        shot["landmarks"], manifests.data_contract(size)
    )
    return (
        cut_crop(shot["image"], matrix, size),
        alignment.transform_points(matrix, shot["points"]),
    )


def test_the_groups_are_all_points_and_a_mirror_turns_them_over():
    rows = np.concatenate(
        [np.arange(68)[group] for group in training.GROUPS.values()]
    )
    np.testing.assert_array_equal(rows, np.arange(68))
    np.testing.assert_array_equal(MIRRORED[MIRRORED], np.arange(68))
    for group in training.GROUPS.values():
        rows = np.arange(68)[group]
        assert set(MIRRORED[rows]) == set(rows)


def test_openings_are_ratios():
    points = np.zeros((68, 2))
    points[36:42] = [[0, 0], [2, -1], [4, -1], [6, 0], [4, 1], [2, 1]]
    points[42:48] = [[14, 0], [16, 0], [18, 0], [20, 0], [18, 0], [16, 0]]
    points[[61, 62, 63]] = [[8, 20], [10, 20], [12, 20]]
    points[[67, 66, 65]] = [[8, 24], [10, 25], [12, 24]]
    both = np.stack([points, points * 7 + 3])
    np.testing.assert_allclose(
        face_measures.eye_opening(both), [[1 / 3, 0]] * 2
    )
    np.testing.assert_allclose(
        face_measures.mouth_opening(both), [13 / 3 / 20] * 2
    )


def test_people_never_seen_are_read_rightly():
    crops, points = zip(
        *[
            crop_of(FIRST_PERSON + index, yaw=yaw, jaw=jaw)
            for index, (yaw, jaw) in enumerate(
                ((0.0, 0.0), (25.0, 0.2), (-25.0, 0.0), (10.0, 0.9))
            )
        ],
        strict=True,
    )
    found = training.measure(reader(), np.stack(crops), np.stack(points))
    assert found["all"] < 0.03
    assert found["eyes"] < 0.02 and found["mouth"] < 0.03


def test_a_mirror_image_has_mirrored_points():
    crop, _ = crop_of(FIRST_PERSON, yaw=15.0)
    points = reader().landmarks(np.stack([crop, crop[:, ::-1]]))
    back = points[1][MIRRORED] * (-1, 1) + (len(crop) - 1, 0)
    away = np.linalg.norm(back - points[0], axis=1).mean()
    assert away / face_measures.corner_distance(points[0]) < 0.02


def test_a_crop_cut_a_little_beside_shows_the_same_points():
    crop, _ = crop_of(FIRST_PERSON + 1)
    matrix = np.array([[1.05, 0.05, -10.0], [-0.05, 1.05, 4.0]])
    moved = cut_crop(crop, matrix, len(crop))
    first, second = reader().landmarks(np.stack([crop, moved]))
    away = alignment.transform_points(matrix, first) - second
    away = np.linalg.norm(away, axis=1).mean()
    assert away / face_measures.corner_distance(first) < 0.02


def test_lids_and_lips_are_seen_to_open():
    opened, shut, talking = (
        crop_of(FIRST_PERSON + 2, **frame)[0]
        for frame in ({}, {"blink": 1.0}, {"jaw": 0.8})
    )
    points = reader().landmarks(np.stack([opened, shut, talking]))
    eyes, mouth = (
        face_measures.eye_opening(points),
        face_measures.mouth_opening(points),
    )
    assert eyes[0].min() > 0.2 > 0.12 > eyes[1].max()
    assert mouth[2] > 0.1 > 0.04 > max(mouth[:2])


def test_it_is_less_sure_of_what_it_cannot_see():
    crop, _ = crop_of(FIRST_PERSON + 3)
    hidden = crop.copy()
    hidden[140:] = 128  # mouth and chin
    _, spread = reader().read_points(np.stack([crop, hidden]))
    mouth = spread[:, alignment.MOUTH].mean(axis=1)
    assert mouth[1] > 1.3 * mouth[0]


def test_what_comes_with_the_course_is_small_and_made_without_real_faces():
    folder = face_landmarks.LANDMARKS_FOLDER
    assert sum(p.stat().st_size for p in folder.iterdir()) < 4e6
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "no real face" in manifest["trained_on"]
    assert manifest["held_out"]["all"] < 0.04


def test_renders_and_their_spoilt_views_keep_their_points(monkeypatch):
    monkeypatch.setattr(landmark_faces, "FRAMES", 2)
    pictures, points = landmark_faces.render_faces(96_000, 1, 1)
    side = landmark_faces.CUT_SIZE
    assert pictures.shape == (2, side, side, 3) and pictures.dtype == np.uint8
    assert points.shape == (2, 68, 2)
    again = landmark_faces.render_faces(96_000, 1, 1)
    np.testing.assert_array_equal(again[0], pictures)
    seen, wanted = landmark_faces.spoil_face(
        pictures[0], points[0], np.random.default_rng(0)
    )
    side = landmark_faces.RESOLUTION
    assert seen.shape == (side, side, 3) and wanted.shape == (68, 2)
    assert 0 <= seen.min() and seen.max() <= 1
    assert -0.2 < wanted.min() and wanted.max() < 1.2


def test_points_go_where_the_picture_is_bent_to(monkeypatch):
    """A picture of dots, one at each point: they are found again."""
    monkeypatch.setattr(
        landmark_faces.spoilt_pictures,
        "spoil_picture",
        lambda picture, random: np.float32(picture) / 255,
    )
    places = landmark_faces.cut_template()
    points = np.float32(np.resize(places, (68, 2)))
    y, x = np.mgrid[: landmark_faces.CUT_SIZE, : landmark_faces.CUT_SIZE]
    picture = sum(
        np.exp(-((x - left) ** 2 + (y - top) ** 2) / 8) for left, top in places
    )
    picture = np.uint8(255 * np.repeat(picture[..., None], 3, axis=-1))
    random = np.random.default_rng(1)
    tried = 0
    for _ in range(12):
        seen, wanted = landmark_faces.spoil_face(picture, points, random)
        wanted = wanted * landmark_faces.RESOLUTION - 0.5
        for left, top in wanted:
            left, top = round(float(left)), round(float(top))
            patch = seen[top - 5 : top + 6, left - 5 : left + 6].mean(axis=-1)
            if patch.shape != (11, 11) or patch.max() < 0.7:
                continue  # an occluder stands before it
            tried += 1
            assert patch[3:8, 3:8].max() == patch.max()
    assert tried > 400


def test_a_portrait_s_hand_placed_points_become_the_68(tmp_path):
    placed = np.arange(189 * 2).reshape(189, 2) % 41 * 3.0
    lines = "\n".join(f"{x} {y}" for x, y in placed)
    path = tmp_path / "face.tem"
    path.write_text(f"189\n{lines}\n3\n0 1\n")
    points, pupils = portrait_points.read_portrait_points(path)
    assert points.shape == (68, 2)
    np.testing.assert_array_equal(pupils, placed[:2])
    np.testing.assert_array_equal(points[8], placed[129])  # chin
    np.testing.assert_array_equal(points[[0, 16]], placed[[109, 112]])
    np.testing.assert_array_equal(points[36], placed[18])
    np.testing.assert_array_equal(points[48:55], placed[87:94])
    np.testing.assert_allclose(points[28], (placed[52] + placed[58]) / 2)
    steps = np.linalg.norm(np.diff(points[:9], axis=0), axis=1)
    assert steps.max() < 1.01 * np.linalg.norm(np.diff(placed, axis=0)) / 8


def test_hand_placed_points_of_real_portraits_are_met(shared_data):
    from helpers.faces import detection

    corners, pupils = training.measure_portraits(
        reader(), shared_data / "people", detection.FaceDetector()
    )
    assert corners["all"] < 0.05 and pupils["all"] < 0.05
    assert pupils["eyes"] < 0.04 and pupils["mouth"] < 0.05


@pytest.mark.parametrize("name", ["person_p", "person_s"])
def test_a_smile_is_seen_in_real_portraits(shared_data, name):
    from helpers.faces import detection
    from helpers.footage import media

    detector, contract = detection.FaceDetector(), manifests.data_contract()
    crops = []
    for kind in ("neutral", "smiling"):
        path = shared_data / "people" / name / "photos" / f"{kind}.jpg"
        photo = media.read_photo(path)
        face = detector.detect([photo])[0][0]
        matrix = alignment.crop_matrix(face["landmarks"], contract)
        crops.append(cut_crop(photo, matrix, 256))
    rest, smiling = reader().landmarks(np.stack(crops))
    width = [
        np.linalg.norm(points[54] - points[48])
        / face_measures.corner_distance(points)
        for points in (rest, smiling)
    ]
    assert width[1] > 1.1 * width[0]
