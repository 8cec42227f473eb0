"""Faces of photos: upright, turned by any angle, dark, doubtful or none."""

import cv2
import numpy as np
import pytest
from face_footage import shot

from helpers import alignment
from helpers.faces import detection, photo_faces
from helpers.footage import media

POINTS = np.array([[22, 12], [28, 12], [25, 16], [23, 20], [27, 20]], float)


class UprightDetector:
    """Sees a face below a bright line, if that line is the top.

    How far it doubts a face is given by the line that the face has above it.
    """

    min_face_share = 0.12

    def __init__(self, first_doubt=0.0):
        self.first_doubt = first_doubt
        self.looks = 0

    def detect(self, images):
        return [self._face(image) for image in images]

    def _face(self, image):
        self.looks += 1
        lying = self.looks == 1 and self.first_doubt
        line = image[:5, :, 0].min(axis=1).max()
        if line <= 1.5 * np.median(image) and not lying:
            return []
        box = (20.0, 10.0, 10.0, 12.0)
        return [{"box": box, "score": 0.99, "landmarks": POINTS}]

    def refine(self, images, landmarks, views=8):
        return (
            np.array(landmarks),
            np.full(len(images), 0.99),
            np.ones(len(images)),
        )

    def doubt_landmarks(self, images, landmarks):
        upright = [
            np.allclose(points, POINTS) and self.first_doubt
            for points in landmarks
        ]
        return np.array(upright, float) * self.first_doubt, landmarks


def striped(brightness=200):
    image = np.full((60, 50, 3), brightness // 4, np.uint8)
    image[2] = brightness
    return image


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_photo_gives_its_face_in_its_own_pixels(turns):
    turned = np.ascontiguousarray(np.rot90(striped(), turns))
    (face,) = photo_faces.find_photo_faces(UprightDetector(), turned)
    # a mark on the nose lies where its landmark says
    marked = striped()
    marked[16, 25] = 255
    row, column = np.argwhere(np.rot90(marked, turns)[..., 0] == 255)[0]
    np.testing.assert_allclose(face["landmarks"][2], (column, row), atol=1e-6)
    x, y, width, height = face["box"]
    assert x <= column <= x + width and y <= row <= y + height
    assert not face["doubtful"]


def test_a_doubtful_face_does_not_keep_a_better_one_away():
    turned = np.ascontiguousarray(np.rot90(striped(), 1))
    (face,) = photo_faces.find_photo_faces(UprightDetector(3.0), turned)
    assert face["landmarks"][0, 1] > face["landmarks"][1, 1]
    assert not face["doubtful"]


def test_what_stays_doubtful_is_said_to_be():
    nothing = striped() * 0 + 50
    (face,) = photo_faces.find_photo_faces(UprightDetector(3.0), nothing)
    assert face["doubtful"]


def test_a_dark_photo_is_looked_at_brightened():
    (face,) = photo_faces.find_photo_faces(UprightDetector(), striped(20))
    np.testing.assert_allclose(face["landmarks"], POINTS)
    nothing = striped() * 0 + 50
    assert not photo_faces.find_photo_faces(UprightDetector(), nothing)


def test_a_sure_face_costs_no_second_look():
    detector = UprightDetector()
    photo_faces.find_photo_faces(detector, striped())
    assert detector.looks == 1


def test_why_there_is_no_face_is_what_is_seen():
    noise = np.random.default_rng(0).integers(90, 200, (60, 60, 3), np.uint8)
    damaged = noise.copy()
    damaged[30:] = 128
    words = {
        "too few": noise[:30],
        "one colour": noise * 0 + 128,
        "plain grey": damaged,
        "dark": noise // 8,
    }
    for word, picture in words.items():
        assert word in photo_faces.why_no_face(picture)
    assert photo_faces.why_no_face(noise) is None


@pytest.fixture(scope="module")
def detector():
    return detection.FaceDetector()


def away(face, landmarks):
    """Distance of landmarks from the right ones, in distances of the eyes."""
    eyes = np.linalg.norm(landmarks[1] - landmarks[0])
    errors = np.linalg.norm(face["landmarks"] - landmarks, axis=-1)
    return errors.mean() / eyes


@pytest.mark.parametrize("angle", [60, 90, 135, 180])
def test_a_rendered_face_is_found_at_every_angle(detector, angle):
    image, landmarks = shot(5, 1)
    image = cv2.copyMakeBorder(image, *[60] * 4, cv2.BORDER_REPLICATE)
    turned, back = photo_faces._turn(image, angle)
    (face,) = photo_faces.find_photo_faces(detector, turned)
    there = alignment.invert_transform(back)
    right = alignment.transform_points(there, landmarks + 60)
    assert not face["doubtful"] and away(face, right) < 0.15


def test_real_photos_turned_or_dark_show_their_face(detector, shared_data):
    images = shared_data / "awkward" / "images"
    for name, roll in (
        ("rotated_90_no_exif.jpg", 90),
        ("very_dark.png", 0),
        ("upside_down_no_exif.jpg", 180),
    ):
        image = media.read_photo(images / name)
        (face,) = photo_faces.find_photo_faces(detector, image)
        across, down = face["landmarks"][1] - face["landmarks"][0]
        assert not face["doubtful"]
        seen = np.degrees(np.arctan2(-down, across))
        assert abs((seen - roll + 180) % 360 - 180) < 15
    for name in ("no_face_cat.png", "no_face_rocket.jpg"):
        image = media.read_photo(images / name)
        assert not photo_faces.find_photo_faces(detector, image)


@pytest.mark.parametrize("angle", [90, 180])
def test_reported_turned_photos(detector, shared_data, angle):
    path = shared_data / "reported" / f"photo_turned_{angle}.jpg"
    (face,) = photo_faces.find_photo_faces(detector, media.read_photo(path))
    roll = alignment.estimate_pose(face["landmarks"])[2]
    assert not face["doubtful"] and abs(abs(roll) - angle) < 10
