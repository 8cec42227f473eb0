"""Detection: MTCNN with its traps disarmed."""

import os

import numpy as np
import pytest

from helpers.faces import detection
from helpers.footage import media


@pytest.fixture(scope="module")
def detector():
    return detection.FaceDetector()


@pytest.fixture(scope="module")
def portrait(shared_data):
    return media.read_photo(
        shared_data / "people" / "person_q" / "photos" / "neutral.jpg"
    )


def test_pictures_without_a_face_give_empty_lists(detector):
    noise = np.random.default_rng(0).integers(0, 255, (300, 200, 3))
    pictures = [
        np.zeros((256, 256, 3), np.uint8),
        noise.astype(np.uint8),
        np.zeros((40, 4000, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
    ]
    assert detector.detect(pictures) == [[], [], [], []]
    assert detector.detect([]) == []


def test_a_picture_of_another_kind_is_refused(detector):
    for image in (
        np.zeros((64, 64, 3)),
        np.zeros((64, 64), np.uint8),
        "photo.jpg",
    ):
        with pytest.raises(ValueError, match="Received"):
            detector.detect([image])


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="without quotation.*='0.2'"):
        detection.FaceDetector(min_face_share="0.2")
    with pytest.raises(ValueError, match="min_face_share=0"):
        detection.FaceDetector(min_face_share=0)
    with pytest.raises(ValueError, match="max_side=10"):
        detection.FaceDetector(max_side=10)


def test_another_backend_is_refused_with_advice(monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: "torch")
    with pytest.raises(ImportError, match="KERAS_BACKEND=tensorflow"):
        detection.FaceDetector()


def test_weights_of_the_working_directory_are_not_unpickled(
    tmp_path, monkeypatch
):
    for name in ("pnet.lz4", "rnet.lz4", "onet.lz4"):
        (tmp_path / name).write_bytes(b"not weights")
    monkeypatch.chdir(tmp_path)
    assert os.path.exists("pnet.lz4")
    detection.FaceDetector()


def test_the_pupils_of_a_portrait_are_found(detector, portrait, shared_data):
    points = shared_data / "people" / "person_q" / "photos" / "neutral.tem"
    lines = points.read_text().splitlines()[1:3]
    pupils = np.array([line.split() for line in lines], float)
    (faces,) = detector.detect([portrait])
    assert len(faces) == 1
    landmarks = faces[0]["landmarks"]
    assert landmarks.shape == (5, 2) and landmarks.dtype == np.float32
    apart = np.linalg.norm(pupils[1] - pupils[0])
    away = np.linalg.norm(landmarks[:2] - pupils, axis=1)
    assert (away < 0.06 * apart).all()
    x, y, width, height = faces[0]["box"]
    inside = (landmarks > (x, y)) & (landmarks < (x + width, y + height))
    assert inside.all() and 0.9 <= faces[0]["score"] <= 1


def test_landmarks_do_not_depend_on_how_far_a_picture_is_shrunk(portrait):
    found = []
    for share in (0.1, 0.2, 0.3):
        detector = detection.FaceDetector(min_face_share=share)
        found.append(detector.detect([portrait])[0][0]["landmarks"])
    apart = np.linalg.norm(found[0][1] - found[0][0])
    for other in found[1:]:
        assert np.abs(other - found[0]).mean() < 0.03 * apart


def test_a_batch_finds_what_single_pictures_find(detector, shared_data):
    folder = shared_data / "awkward" / "images"
    pictures = [
        media.read_photo(folder / name)
        for name in ("no_face_cat.png", "two_people.jpg", "image.bmp")
    ]
    pictures.insert(1, pictures[2][::-1].copy())
    together = detector.detect(pictures)
    assert [len(faces) for faces in together] == [0, 0, 2, 1]
    for picture, faces in zip(pictures, together, strict=True):
        (alone,) = detector.detect([picture])
        assert len(alone) == len(faces)
        for one, other in zip(alone, faces, strict=True):
            np.testing.assert_allclose(
                one["landmarks"], other["landmarks"], atol=1
            )


def test_a_second_look_agrees_with_what_mtcnn_means(shared_data):
    detector = detection.FaceDetector(min_face_share=0.05)
    away = []
    for person in "pqrs":
        photos = shared_data / "people" / f"person_{person}" / "photos"
        picture = media.read_photo(photos / "neutral.jpg")[::3, ::3].copy()
        answers = []
        for right, down in ((0, 0), (1, 0), (0, 1), (3, 2), (5, 7)):
            moved = picture[down:, right:].copy()
            face = detector.detect([moved])[0][0]
            answers.append(face["landmarks"] + (right, down))
        meant = np.mean(answers, axis=0)
        refined, *_ = detector.refine([picture], meant[None])
        apart = np.linalg.norm(refined[0] - meant, axis=1)
        away += (apart / np.linalg.norm(meant[1] - meant[0])).tolist()
    assert np.median(away) < 0.02
