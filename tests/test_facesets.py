"""Face sets: extraction, resuming, splits, manifests, reading."""

import json

import numpy as np
import pytest

from helpers import (
    alignment,
    consent,
    detection,
    facesets,
    manifests,
    media,
)

CONTRACT = manifests.data_contract(crop_size=64)
LANDMARKS = np.array(
    [[35, 30], [61, 30], [48, 45], [38, 58], [58, 58]], np.float32
)


class FakeDetector:
    """A face at one place in every picture that is not black."""

    def __init__(self, landmarks=LANDMARKS, break_after=None):
        self.landmarks = landmarks
        self.break_after = break_after
        self.seen = 0

    def detect(self, images):
        results = []
        for image in images:
            if self.break_after is not None and self.seen >= self.break_after:
                raise KeyboardInterrupt
            self.seen += 1
            face = {
                "box": (25.0, 15.0, 46.0, 60.0),
                "score": 0.99,
                "landmarks": self.landmarks,
            }
            bright = float(image.mean())
            results.append([face] * (bright > 20) + [face] * (bright > 200))
        return results


def picture(brightness, height=90, width=96):
    image = np.full((height, width, 3), brightness, np.uint8)
    image[::7] //= 2
    return image


def film(path, count, brightness=120, truth=None):
    media.write_video(path, [picture(brightness)] * count, 25)
    if truth is not None:
        frames = [
            {"parameters": {"yaw": index}, "landmarks": LANDMARKS.tolist()}
            for index in range(count)
        ]
        stem = path.with_suffix("")
        content = {"format": 1, "split": truth, "frames": frames}
        manifests.write_json(f"{stem}.truth.json", content)
        masks = np.zeros((count, 90, 96), np.uint8)
        masks[:, 40:] = 255
        np.savez_compressed(f"{stem}.masks.npz", masks=masks)


@pytest.fixture
def footage(tmp_path):
    """A person with two synthetic clips, six photos and a broken one."""
    folder = tmp_path / "footage"
    folder.mkdir()
    film(folder / "test_000.mp4", 6, truth="test")
    film(folder / "train_000.mp4", 8, truth="train")
    for index, brightness in enumerate((100, 110, 120, 0, 250, 130)):
        media.write_image(folder / f"z{index}.png", picture(brightness))
    (folder / "zz_broken.jpg").write_text("no photo")
    (folder / "notes.txt").write_text("no footage")
    return folder


def extract(footage, output, identity="Ada", detector=None, **options):
    detector = detector or FakeDetector()
    return facesets.extract_faces(
        footage, output, CONTRACT, detector, identity, **options
    )


def read_all_files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != manifests.MANIFEST
    }


def test_the_report_counts_every_frame_and_every_reason(footage, tmp_path):
    report = extract(footage, tmp_path / "faces")
    assert report["files"] == 9 and report["frames"] == 20
    assert (report["no_face"], report["one_face"]) == (1, 18)
    assert report["several_faces"] == 1 and report["kept"] == 19
    assert report["other_files"] == ["notes.txt"]
    assert list(report["left_out_files"]) == ["zz_broken.jpg"]
    assert report["train"] + report["test"] == 19


def test_a_record_says_where_its_crop_comes_from(footage, tmp_path):
    extract(footage, tmp_path / "faces")
    extract(footage, tmp_path / "faces", "Bob")
    facesets.write_face_sets(tmp_path / "faces", ["Ada", "Bob"], CONTRACT)
    faces = facesets.read_face_set(tmp_path / "faces", "Ada")
    record = next(
        each
        for each in faces.records
        if each["file"] == "train_000.mp4" and each["frame"] == 3
    )
    assert record["time"] == pytest.approx(3 / 25)
    assert record["take"] == "train_000.mp4" and record["split"] == "train"
    assert record["frame_parameters"] == {"yaw": 3}
    np.testing.assert_array_equal(record["landmarks"], LANDMARKS)
    matrix = alignment.crop_matrix(LANDMARKS, CONTRACT)
    np.testing.assert_allclose(record["matrix"], matrix)
    crop_path = faces.folder / record["crop"]
    assert manifests.file_sha256(crop_path) == record["sha256"]
    crop = alignment.cut_crop(picture(120), matrix, 64)
    assert np.abs(media.read_photo(crop_path) - crop.astype(int)).mean() < 8
    photo = next(each for each in faces.records if each["file"] == "z4.png")
    assert photo["faces_in_frame"] == 2 and photo["time"] is None


def test_the_true_mask_is_warped_like_its_crop(footage, tmp_path):
    extract(footage, tmp_path / "faces")
    lines = (tmp_path / "faces/Ada/faces.jsonl").read_text().splitlines()
    record = json.loads(lines[0])
    mask = media.read_photo(tmp_path / "faces/Ada" / record["mask"])[..., 0]
    edge = alignment.transform_points(record["matrix"], [[48, 39.5]])[0, 1]
    below = int(np.ceil(edge)) + 2
    assert mask[: below - 4].max() == 0 and mask[below, 10:54].min() == 255


def test_the_split_is_by_take_and_never_by_frame(footage, tmp_path):
    film(footage / "plain.mp4", 40)
    extract(footage, tmp_path / "faces", held_out_share=0.25)
    lines = (tmp_path / "faces/Ada/faces.jsonl").read_text().splitlines()
    takes, order = {}, {}
    for record in map(json.loads, lines):
        takes.setdefault(record["take"], set()).add(record["split"])
        order.setdefault(record["file"], []).append(record["split"])
    assert all(len(splits) == 1 for splits in takes.values())
    assert takes["test_000.mp4"] == {"test"}
    assert takes["train_000.mp4"] == {"train"}
    # a lone video: its last part is held out, in one piece
    assert order["plain.mp4"] == ["train"] * 30 + ["test"] * 10
    assert takes["photos held out"] == {"test"}


def test_of_many_videos_whole_ones_are_held_out(tmp_path):
    for index in range(8):
        film(tmp_path / "footage" / f"{index}.mp4", 2)
    extract(tmp_path / "footage", tmp_path / "faces", held_out_share=0.25)
    lines = (tmp_path / "faces/Ada/faces.jsonl").read_text().splitlines()
    held_out = {
        record["file"]
        for record in map(json.loads, lines)
        if record["split"] == "test"
    }
    assert held_out == {"3.mp4", "7.mp4"}


@pytest.mark.parametrize("break_after", [1, 7, 15, 19])
def test_an_interrupted_run_resumes_to_the_same_files(
    footage, tmp_path, monkeypatch, break_after
):
    monkeypatch.setattr(facesets, "BATCH_FRAMES", 3)
    extract(footage, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        extract(
            footage,
            tmp_path / "broken",
            detector=FakeDetector(break_after=break_after),
        )
    # a process that is killed leaves half a line and a crop without record
    with open(tmp_path / "broken/Ada/faces.jsonl", "a") as file:
        file.write('{"crop": "crops/0000')
    again = FakeDetector()
    extract(footage, tmp_path / "broken", detector=again)
    assert read_all_files(tmp_path / "broken") == read_all_files(
        tmp_path / "whole"
    )
    if break_after == 19:
        assert again.seen < 10  # what was finished was not looked at again


def test_a_finished_set_is_not_extracted_again(footage, tmp_path):
    first = extract(footage, tmp_path / "faces")
    before = read_all_files(tmp_path / "faces")
    detector = FakeDetector()
    assert extract(footage, tmp_path / "faces", detector=detector) == first
    assert detector.seen == 0
    assert read_all_files(tmp_path / "faces") == before


def test_new_footage_and_new_settings_are_noticed(footage, tmp_path):
    extract(footage, tmp_path / "faces")
    media.write_image(footage / "zzz.png", picture(90))
    detector = FakeDetector()
    report = extract(footage, tmp_path / "faces", detector=detector)
    assert report["kept"] == 20 and detector.seen < 20
    extract(footage, tmp_path / "faces", every=2)
    extract(footage, tmp_path / "faces2", every=2)
    assert read_all_files(tmp_path / "faces") == read_all_files(
        tmp_path / "faces2"
    )


def test_a_changed_set_is_unfinished_until_its_manifest(footage, tmp_path):
    output = tmp_path / "faces"
    for identity in ("Ada", "Bob"):
        extract(footage, output, identity)
    facesets.write_face_sets(output, ["Ada", "Bob"], CONTRACT)
    extract(footage, output, "Ada", every=3)
    with pytest.raises(FileNotFoundError, match="unfinished"):
        facesets.read_face_set(output, "Ada")


def test_frames_are_thinned_out_evenly(footage, tmp_path):
    report = extract(footage, tmp_path / "faces", max_faces=8)
    assert report["every"] == {"frames": 3, "photos": 3}
    assert report["kept"] <= 8 and report["train"] and report["test"]


def test_small_and_cut_off_faces_are_left_out_with_their_reason(
    footage, tmp_path
):
    tiny = FakeDetector(LANDMARKS / 3)
    with pytest.raises(ValueError, match="too small"):
        extract(footage, tmp_path / "a", detector=tiny)
    edge = FakeDetector(LANDMARKS - (40, 0))
    with pytest.raises(ValueError, match="edge"):
        extract(footage, tmp_path / "b", detector=edge)


def test_a_broken_truth_costs_its_clip_only(footage, tmp_path):
    (footage / "train_000.truth.json").write_text("{")
    (footage / "test_000.masks.npz").write_bytes(b"PK\x03\x04 broken")
    report = extract(footage, tmp_path / "faces")
    assert sorted(report["left_out_files"]) == [
        "test_000.mp4",
        "train_000.mp4",
        "zz_broken.jpg",
    ]
    assert report["kept"] == 5


def test_nothing_usable_stops_with_advice(tmp_path):
    folder = tmp_path / "footage"
    media.write_image(folder / "black.png", picture(0))
    (folder / "broken.mp4").write_text("no video")
    with pytest.raises(ValueError, match="at least one face.*broken.mp4"):
        extract(folder, tmp_path / "faces")
    with pytest.raises(FileNotFoundError, match="no folder"):
        extract(tmp_path / "nowhere", tmp_path / "faces")
    for identity in ("", "../x", "a/b", ".x", "a" * 99):
        with pytest.raises(ValueError, match="identity"):
            extract(folder, tmp_path / "faces", identity)
    with pytest.raises(ValueError, match="every=0"):
        extract(folder, tmp_path / "faces", every=0)


def test_a_full_disk_passes_and_leaves_no_half_crop(
    footage, tmp_path, monkeypatch
):
    def full_disk(path, content):
        with open(path, "wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", full_disk)
        with pytest.raises(OSError, match="No space"):
            extract(footage, tmp_path / "faces")
    assert not list((tmp_path / "faces/Ada").rglob("*.jpg"))
    extract(footage, tmp_path / "faces")


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


def test_a_manifest_needs_two_finished_identities(two_sets):
    with pytest.raises(ValueError, match="at least two"):
        facesets.write_face_sets(two_sets, ["Ada"], CONTRACT)
    with pytest.raises(ValueError, match="at least two"):
        facesets.write_face_sets(two_sets, ["Ada", "Ada"], CONTRACT)
    with pytest.raises(FileNotFoundError, match="'Cleo'"):
        facesets.write_face_sets(two_sets, ["Ada", "Cleo"], CONTRACT)
    other = manifests.data_contract(crop_size=128)
    with pytest.raises(manifests.ContractError, match="crop_size"):
        facesets.write_face_sets(two_sets, ["Ada", "Bob"], other)


def test_a_face_set_of_another_name_or_contract_is_refused(two_sets):
    with pytest.raises(ValueError, match="Ada, Bob.*'Cleo'"):
        facesets.read_face_set(two_sets, "Cleo")
    other = manifests.data_contract(crop_size=64, coverage=0.5)
    with pytest.raises(manifests.ContractError, match="coverage"):
        facesets.read_face_set(two_sets, "Ada", other)


def test_a_broken_record_is_named_by_its_line(two_sets):
    path = two_sets / "Ada" / "faces.jsonl"
    lines = path.read_text().splitlines()
    lines[4] = lines[4][:30]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match="Line 5 of .*faces.jsonl"):
        facesets.read_face_set(two_sets, "Ada")


def test_a_real_clip_becomes_a_face_set(shared_data, tmp_path):
    report = facesets.extract_faces(
        shared_data / "people" / "person_a",
        tmp_path / "faces",
        manifests.data_contract(),
        detection.FaceDetector(min_face_share=0.2),
        "person_a",
        max_faces=12,
    )
    assert report["frames"] and report["kept"] >= 0.9 * report["frames"]
    assert report["train"] and report["test"]


def test_faces_of_two_folders_are_joined_and_read_from_both(tmp_path):
    sets = []
    for name, brightness in (("first", 90), ("second", 150)):
        film(tmp_path / name / "Lena" / "talk.mp4", 3, brightness)
        facesets.extract_faces(
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
    stranger = facesets.FaceSet("Kofi", other.folder, CONTRACT, other.records)
    with pytest.raises(ValueError, match="Lena and Kofi"):
        one.join(stranger)


def test_what_was_agreed_goes_with_the_faces(footage, tmp_path):
    consent.write_consent(footage, "Ada", "a phone", "in writing")
    for identity in ("Ada", "Bob"):
        extract(footage, tmp_path / "faces", identity)
    facesets.write_face_sets(tmp_path / "faces", ["Ada", "Bob"], CONTRACT)
    agreed = facesets.consent_of(tmp_path / "faces", "Bob")
    assert agreed["origin"] == "a phone"
    with pytest.raises(ValueError, match="Ada, Bob.*'Cy'"):
        facesets.consent_of(tmp_path / "faces", "Cy")


def test_a_consent_that_says_too_little_stops_before_any_work(
    footage, tmp_path
):
    (footage / consent.FILE).write_text('who = "Ada"')
    with pytest.raises(ValueError, match="should state"):
        extract(footage, tmp_path / "faces")
    assert not (tmp_path / "faces").exists()
