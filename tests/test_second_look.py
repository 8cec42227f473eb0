"""Second look: turned, upside down and dark photos."""

import numpy as np
import pytest

from helpers.faces import detection, second_look
from helpers.footage import media

POINTS = np.array([[22, 12], [28, 12], [25, 16], [23, 20], [27, 20]], float)


class UprightDetector:
    """Sees a face 20 pixels below a bright line, if that line is the top."""

    min_face_share = 0.12

    def detect(self, images):
        return [self._face(image) for image in images]

    def _face(self, image):
        if image[:5, :, 0].min(axis=1).max() <= 60:
            return []
        box = (20.0, 10.0, 10.0, 12.0)
        return [{"box": box, "score": 0.99, "landmarks": POINTS}]

    def refine(self, images, landmarks):
        landmarks = np.array(landmarks)
        # in this picture faces stand on their heads
        scores = np.where(landmarks[:, 0, 1] > landmarks[:, 4, 1], 0.99, 0.9)
        return landmarks, scores, 1 - scores


def striped(brightness=200):
    image = np.full((60, 50, 3), brightness // 4, np.uint8)
    image[2] = brightness
    return image


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_photo_gives_its_face_in_its_own_pixels(turns):
    turned = np.ascontiguousarray(np.rot90(striped(), turns))
    (face,) = second_look.look_again(UprightDetector(), turned)
    # a mark on the nose lies where its landmark says
    marked = striped()
    marked[16, 25] = 255
    row, column = np.argwhere(np.rot90(marked, turns)[..., 0] == 255)[0]
    np.testing.assert_allclose(face["landmarks"][2], (column, row))
    x, y, width, height = face["box"]
    assert x <= column <= x + width and y <= row <= y + height


def test_a_dark_photo_is_looked_at_brightened():
    (face,) = second_look.look_again(UprightDetector(), striped(20))
    np.testing.assert_allclose(face["landmarks"], POINTS)
    assert not second_look.look_again(UprightDetector(), striped() * 0 + 50)


def test_landmarks_upside_down_are_turned_and_others_stay():
    detector, image = UprightDetector(), striped()
    (turned,) = second_look.set_upright(detector, image, [POINTS])
    np.testing.assert_allclose(turned, 2 * POINTS.mean(axis=0) - POINTS)
    again = second_look.set_upright(detector, image, [turned, POINTS])
    np.testing.assert_allclose(again, [turned, turned])
    assert len(second_look.set_upright(detector, image, [])) == 0


def test_real_photos_turned_or_dark_show_their_face(shared_data):
    images = shared_data / "awkward" / "images"
    detector = detection.FaceDetector()
    for name, roll in (("rotated_90_no_exif.jpg", 90), ("very_dark.png", 0)):
        image = media.read_photo(images / name)
        assert not detector.detect([image])[0]
        (face,) = second_look.look_again(detector, image)
        across, down = face["landmarks"][1] - face["landmarks"][0]
        assert abs(np.degrees(np.arctan2(-down, across)) - roll) < 15
    image = media.read_photo(images / "upside_down_no_exif.jpg")
    landmarks = detector.detect([image])[0][0]["landmarks"]
    (turned,) = second_look.set_upright(detector, image, [landmarks])
    assert landmarks[0, 0] < landmarks[1, 0] and turned[0, 0] > turned[1, 0]
    cat = media.read_photo(images / "no_face_cat.png")
    assert not second_look.look_again(detector, cat)
