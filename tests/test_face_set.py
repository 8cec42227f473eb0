"""A face set: crops and masks loaded, what a network sees, joins, pairs."""

import numpy as np
import pytest
from footage import CONTRACT, FakeDetector, extract, film, write_footage

from helpers.crops import cut_network_crops
from helpers.faces import facesets
from helpers.faces.face_set import FaceSet
from helpers.faces.sorting import extraction

pytestmark = pytest.mark.usefixtures("every_face_counts")


@pytest.fixture
def footage(tmp_path):
    return write_footage(tmp_path / "footage")


@pytest.fixture
def two_sets(footage, tmp_path):
    output = tmp_path / "faces"
    for identity in ("Ada", "Bob"):
        extract(footage, output, identity)
    facesets.write_face_sets(output, ["Ada", "Bob"], CONTRACT, {"every": 1})
    return output


def test_crops_and_masks_are_loaded_at_any_size(two_sets):
    faces = facesets.read_face_set(two_sets, "Ada", CONTRACT).select("train")
    crops, masks = faces.load_crops(32), faces.load_masks(48)
    assert crops.shape == (len(faces), 32, 32, 3)
    assert masks.shape == (len(faces), 48, 48)
    assert crops.dtype == masks.dtype == np.uint8
    assert faces.load_crops().shape[1] == 64
    with pytest.raises(ValueError, match="validation"):
        faces.select("validation")
    (faces.folder / faces.records[0]["crop"]).unlink()
    with pytest.raises(FileNotFoundError, match="01_data_generation"):
        faces.load_crops(32)


def test_what_a_network_sees_is_cut_from_crops_of_its_scale(two_sets):
    faces = facesets.read_face_set(two_sets, "Ada")
    coverage = CONTRACT["coverage"]
    # the last one sees more pixels than were stored
    for resolution, size in ((32, 40), (20, 25), (56, 64)):
        assert faces.size_for(resolution) == size
        for seen, whole in (
            (faces.network_crops(resolution), faces.load_crops(size)),
            (faces.network_masks(resolution), faces.load_masks(size)),
        ):
            assert seen.dtype == np.float32
            assert seen.shape[1:3] == (resolution, resolution)
            np.testing.assert_array_equal(
                seen, cut_network_crops(whole, coverage, resolution)
            )
    centre = faces.load_crops(40)[:, 4:-4, 4:-4] / np.float32(255)
    np.testing.assert_array_equal(faces.network_crops(32), centre)


def test_only_test_frames_of_equal_parameters_are_pairs(two_sets):
    ada = facesets.read_face_set(two_sets, "Ada")
    bob = facesets.read_face_set(two_sets, "Bob").select("test")
    pairs = ada.pairs(bob)
    assert len(pairs) == 6  # photos held out have no truth
    for here, there in pairs:
        one, other = ada.records[here], bob.records[there]
        assert one["split"] == "test" and one["frame"] == other["frame"]
        assert one["file"] == other["file"] == "test_000.mp4"
    bob.records[0]["frame_parameters"] = {"yaw": 99}
    assert len(ada.pairs(bob)) == 5


def test_faces_of_two_folders_are_joined_and_read_from_both(tmp_path):
    sets = []
    for name, brightness in (("first", 90), ("second", 150)):
        film(tmp_path / name / "Lena" / "talk.mp4", 3, brightness)
        extraction.extract_faces(
            tmp_path / name / "Lena",
            tmp_path / name / "faces",
            CONTRACT,
            FakeDetector(),
            "Lena",
            held_out_share=0,
        )
        sets.append(tmp_path / name / "faces")
    for folder in sets:
        facesets.write_face_sets(folder, ["Lena"], CONTRACT, least=1)
    one, other = (facesets.read_face_set(folder, "Lena") for folder in sets)
    both = one.join(other)
    assert len(both) == 6
    crops = both.load_crops(16)
    np.testing.assert_array_equal(crops[:3], one.load_crops(16))
    np.testing.assert_array_equal(crops[3:], other.load_crops(16))
    assert crops[3:].mean() > crops[:3].mean() + 20
    stranger = FaceSet("Kofi", other.folder, CONTRACT, other.records)
    with pytest.raises(ValueError, match="Lena and Kofi"):
        one.join(stranger)
