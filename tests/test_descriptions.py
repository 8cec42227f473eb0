"""What is said of a crop: rendered truth, read back from the picture."""

import numpy as np
import pytest

from helpers import alignment, masks, synthetic
from helpers.crops import cut_crop
from helpers.faces.face_set import FaceSet
from helpers.files import manifests
from helpers.footage import media
from helpers.latents import descriptions
from helpers.synthetic.frame import EXPRESSION_PARAMETERS

NAMES = [feature.name for feature in descriptions.FEATURES]


def test_the_readers_numbers_come_first_in_its_order():
    assert tuple(NAMES[: len(EXPRESSION_PARAMETERS)]) == EXPRESSION_PARAMETERS


def test_every_feature_has_a_word_and_its_edges_are_in_order():
    for feature in descriptions.FEATURES:
        assert feature.low or feature.high
        if feature.low and feature.high:
            assert feature.low_from < feature.high_from


def halves(left, right, size=40):
    crop = np.full((1, size, size, 3), left, np.uint8)
    crop[:, :, size // 2 :] = right
    return crop


def test_light_is_counted_in_doublings_from_left_to_right():
    everywhere = np.full((1, 40, 40), 255, np.uint8)
    light, brightness = descriptions.light_of(halves(50, 100), everywhere)
    # the seam is soft, so a little of each side counts for the other
    assert light[0] == pytest.approx(1, abs=0.06)
    mirrored, _ = descriptions.light_of(halves(100, 50), everywhere)
    assert mirrored[0] == pytest.approx(-light[0])
    brighter = descriptions.light_of(halves(100, 200), everywhere)[1]
    assert brighter[0] - brightness[0] == pytest.approx(1)


def test_light_is_that_of_the_face_and_not_of_the_room():
    crop = halves(50, 200)
    inside = np.zeros((1, 40, 40), np.uint8)
    inside[:, 10:30, 4:18] = 255
    light, _ = descriptions.light_of(crop, inside)
    assert light[0] == pytest.approx(0, abs=0.02)


def test_a_black_face_and_an_empty_mask_have_a_light():
    nothing = np.zeros((1, 40, 40), np.uint8)
    light, brightness = descriptions.light_of(halves(0, 0), nothing)
    assert light[0] == 0
    assert np.isfinite(brightness[0])


@pytest.mark.parametrize(
    "name, value, text",
    [
        ("yaw", -15.2, "-15°"),
        ("jaw", 0.3, "0.30"),
        ("light", 0.2, "0.20 stops"),
    ],
)
def test_readings_are_written_with_their_units(name, value, text):
    feature = descriptions.FEATURES[NAMES.index(name)]
    assert descriptions.reading_as_text(feature, value) == text


@pytest.fixture(scope="module")
def face_set(tmp_path_factory):
    """Crops of one rendered person, cut by the true landmarks."""
    folder = tmp_path_factory.mktemp("described")
    (folder / "crops").mkdir()
    (folder / "masks").mkdir()
    contract = manifests.data_contract()
    size = contract["crop_size"]
    frames = [
        {"yaw": -20.0},
        {"yaw": 20.0},
        {"jaw": 0.7},
        {"blink": 1.0},
        {"smile": 0.9},
        {"light": (-0.9, 0.4, 0.6)},
        {"light": (0.9, 0.4, 0.6)},
    ]
    person = synthetic.Person(synthetic.identity_parameters("Lena"))
    records = []
    for row, frame in enumerate(frames):
        shot = synthetic.render(person, frame, 256)
        matrix = alignment.crop_matrix(shot["landmarks"], contract)
        crop = cut_crop(shot["image"], matrix, size)
        mask = np.uint8(shot["mask"] * 255)
        mask = masks.warp_mask(mask, matrix, size)
        names = f"crops/{row}.png", f"masks/{row}.png"
        for name, picture in zip(names, (crop, mask), strict=True):
            (folder / name).write_bytes(media.encode_image(picture, ".png"))
        record = {"crop": names[0], "mask": names[1], "sharpness": 100.0 + row}
        records.append({**record, "frame_parameters": frame})
    return FaceSet("Lena", folder, contract, records)


def test_rendered_faces_are_described_as_they_were_made(face_set):
    described = dict(
        zip(NAMES, descriptions.describe_faces(face_set).T, strict=True)
    )
    np.testing.assert_allclose(described["yaw"][:2], [-20, 20], atol=4)
    assert described["jaw"][2] > 0.4 > 0.15 > described["jaw"][3]
    assert described["blink"][3] > 0.6 > 0.3 > described["blink"][2]
    assert described["smile"][4] > 0.5
    assert described["light"][5] < -0.15 < 0.15 < described["light"][6]
    assert np.median(described["sharpness"]) == 0
    assert np.median(described["brightness"]) == 0


def test_photographed_people_are_read_by_the_public_reader(face_set):
    records = [{**each, "frame_parameters": None} for each in face_set.records]
    photographed = FaceSet(
        face_set.identity, face_set.folder, face_set.contract, records
    )
    found = dict(
        zip(NAMES, descriptions.describe_faces(photographed).T, strict=True)
    )
    rendered = dict(
        zip(NAMES, descriptions.describe_faces(face_set).T, strict=True)
    )
    # in the same units, so that the same words hold
    assert found["jaw"][2] == pytest.approx(0.7, abs=0.15)
    assert np.delete(found["jaw"], 2).max() < 0.15
    assert found["blink"][3] > 0.6 > 0.3 > np.delete(found["blink"], 3).max()
    assert found["smile"][4] > 0.4 > np.delete(found["smile"], 4).max()
    np.testing.assert_array_equal(found["yaw"], rendered["yaw"])


def test_who_never_shuts_the_mouth_is_seen_talking(face_set):
    talking = descriptions.read_photographed(face_set.pick([2, 2, 2]))
    assert talking["jaw"].min() > 0.4 and talking["blink"].max() < 0.05


def test_some_rows_are_described_alone(face_set):
    some = descriptions.describe_faces(face_set, [1, 2])
    assert some.shape == (2, len(NAMES))
    np.testing.assert_allclose(
        some[:, :7],
        descriptions.describe_faces(face_set)[[1, 2], :7],
        atol=1e-4,
    )
