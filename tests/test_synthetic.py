"""Synthetic people: same seed, same picture; the truth fits the picture."""

import itertools
import json
import zipfile

import av
import numpy as np
import pytest

from helpers import synthetic
from helpers.files import manifests
from helpers.footage import media
from helpers.synthetic.crowd_film import film_member
from helpers.synthetic.template import build_template

SIZE = 128
NAMES = ("Marco", "Lena", "Kofi")


@pytest.fixture(scope="module")
def persons():
    return {
        name: synthetic.Person(synthetic.NAMED_PEOPLE[name], texture_size=256)
        for name in NAMES
    }


@pytest.fixture(scope="module")
def take():
    return synthetic.sample_take(12, seed=5, frame_rate=5)


def film(person, frame_parameters=None, **options):
    return synthetic.render(person, frame_parameters, SIZE, **options)


def inter_ocular(landmarks):
    return np.linalg.norm(landmarks[1] - landmarks[0])


def test_the_same_parameters_give_the_same_bytes(persons, take):
    again = synthetic.Person(synthetic.NAMED_PEOPLE["Lena"], texture_size=256)
    first, second = film(persons["Lena"], take[3]), film(again, take[3])
    for key in ("image", "mask", "landmarks"):
        assert first[key].tobytes() == second[key].tobytes()


def test_a_frame_has_the_promised_arrays(persons):
    shot = film(persons["Marco"], geometry=True)
    assert shot["image"].shape == (SIZE, SIZE, 3)
    assert shot["image"].dtype == np.uint8
    assert shot["mask"].shape == shot["depth"].shape == (SIZE, SIZE)
    assert shot["mask"].dtype == shot["landmarks"].dtype == np.float32
    assert shot["landmarks"].shape == (5, 2)
    length = np.linalg.norm(shot["normals"][shot["mask"] > 0.5], axis=1)
    np.testing.assert_allclose(length, 1, atol=1e-5)


def test_landmarks_are_in_order_and_inside_the_frame(persons, take):
    for person, frame in itertools.product(persons.values(), take):
        left, right, nose, mouth_left, mouth_right = film(person, frame)[
            "landmarks"
        ]
        assert left[0] < right[0] and mouth_left[0] < mouth_right[0]
        assert max(left[1], right[1]) < nose[1]
        assert nose[1] < min(mouth_left[1], mouth_right[1])
        points = np.stack([left, right, nose, mouth_left, mouth_right])
        assert points.min() > 0 and points.max() < SIZE - 1


def test_landmarks_lie_on_their_template_points():
    template = build_template()
    rows, columns = template.landmark_cells.round().astype(int).T
    seen = np.stack([template.x, template.y], -1)[rows, columns]
    true = [(-3.15, 0), (3.15, 0), (0, -4.35), (-2.45, -7), (2.45, -7)]
    np.testing.assert_allclose(seen, true, atol=0.2)


def test_a_turned_head_moves_the_nose_and_follows_the_sign(persons):
    def nose(**pose):
        points = film(persons["Marco"], pose)["landmarks"]
        return points[2] - points[:2].mean(0)

    assert nose(yaw=20)[0] > nose()[0] > nose(yaw=-20)[0]
    assert nose(pitch=20)[1] < nose()[1] < nose(pitch=-20)[1]


def test_the_mask_covers_the_inner_face_only(persons):
    shot = film(persons["Kofi"])
    mask, points = shot["mask"], shot["landmarks"].round().astype(int)
    assert mask.min() == 0 and 0.99 < mask.max() <= 1
    assert (mask[points[:, 1], points[:, 0]] > 0.9).all()
    assert 0.05 < mask.mean() < 0.3
    assert mask[:5].max() == mask[-5:].max() == mask[:, :5].max() == 0


def test_paired_frames_share_pose_whoever_is_filmed(persons, take):
    for frame in take[::4]:
        points = [
            film(person, frame)["landmarks"] for person in persons.values()
        ]
        distance = inter_ocular(points[0])
        for other in points[1:]:
            gap = np.linalg.norm(other - points[0], axis=1).max()
            assert gap < 0.25 * distance


def test_people_differ_inside_the_mask(persons):
    shots = [film(person) for person in persons.values()]
    for first, second in itertools.combinations(shots, 2):
        inside = first["mask"] > 0.5
        difference = np.abs(
            first["image"][inside].astype(float) - second["image"][inside]
        )
        assert difference.mean() > 10


@pytest.mark.parametrize("tone", ["source", "target"])
def test_a_true_swap_is_the_target_outside_the_mask(persons, take, tone):
    identity = synthetic.true_swap_identity(
        synthetic.NAMED_PEOPLE["Marco"], synthetic.NAMED_PEOPLE["Lena"], tone
    )
    swap = film(synthetic.Person(identity, texture_size=256), take[6])
    target = film(persons["Lena"], take[6])
    difference = np.abs(swap["image"].astype(float) - target["image"])
    inside = np.maximum(swap["mask"], target["mask"]) > 0.5
    outside = np.maximum(swap["mask"], target["mask"]) == 0
    assert difference[outside].mean() < 1.5
    assert difference[inside].mean() > 6


def test_a_swap_with_oneself_changes_nothing(persons):
    marco = synthetic.NAMED_PEOPLE["Marco"]
    identity = synthetic.true_swap_identity(marco, marco)
    swap = film(synthetic.Person(identity, texture_size=256))
    assert (swap["image"] == film(persons["Marco"])["image"]).all()


@pytest.mark.parametrize("change", [{"jaw": 1}, {"blink": 1}, {"gaze_x": 1}])
def test_an_expression_changes_the_face_and_not_the_room(persons, change):
    still = film(persons["Lena"], {"noise": 0})
    moved = film(persons["Lena"], {"noise": 0, **change})
    difference = np.abs(
        still["image"].astype(float) - moved["image"].astype(float)
    ).mean(2)
    assert difference[still["mask"] > 0.5].mean() > 0.5
    assert difference[: SIZE // 8].max() <= 1


def test_an_open_jaw_lowers_the_mouth(persons):
    shut = film(persons["Kofi"])["landmarks"]
    wide = film(persons["Kofi"], {"jaw": 1})["landmarks"]
    np.testing.assert_allclose(shut[:2], wide[:2], atol=1e-3)
    assert (wide[3:, 1] > shut[3:, 1] + 1).all()


def test_a_take_is_smooth_and_keeps_one_light():
    take = synthetic.sample_take(100, seed=3)
    for name, limit in (("yaw", 5), ("pitch", 4), ("jaw", 0.3), ("smile", 0.1)):
        course = np.array([frame[name] for frame in take])
        assert np.abs(np.diff(course)).max() < limit
    for name in ("light", "background", "zoom", "key"):
        assert all(frame[name] == take[0][name] for frame in take)
    assert len({frame["seed"] for frame in take}) == len(take)


@pytest.mark.parametrize("max_yaw", [10, 30])
def test_the_yaw_stays_in_its_limit(max_yaw):
    takes = [
        synthetic.sample_take(12, seed, frame_rate=5, max_yaw=max_yaw)
        for seed in range(30)
    ]
    yaws = [abs(frame["yaw"]) for take in takes for frame in take]
    assert max(yaws) == max_yaw


def test_expression_parameters_stay_in_their_ranges():
    assert synthetic.EXPRESSION_PARAMETERS == tuple(synthetic.EXPRESSION_RANGES)
    for seed in range(30):
        for frame in synthetic.sample_take(12, seed, frame_rate=5):
            for name, (low, high) in synthetic.EXPRESSION_RANGES.items():
                assert low <= frame[name] <= high


def test_takes_repeat_by_seed_and_pass_through_json():
    take = synthetic.sample_take(5, seed=8)
    assert take == synthetic.sample_take(5, seed=8)
    assert take != synthetic.sample_take(5, seed=9)
    assert json.loads(json.dumps(take)) == take


def test_a_name_leads_to_an_identity():
    assert synthetic.identity_parameters("Rosa")["hair_style"] == "bun"
    person = synthetic.identity_parameters("person_0012")
    assert person == synthetic.random_identity(12)
    assert person != synthetic.random_identity(13)
    assert set(person) <= set(synthetic.IDENTITY_DEFAULTS)
    json.dumps(person)
    with pytest.raises(ValueError, match="Marco.*Received: name='Bob'"):
        synthetic.identity_parameters("Bob")


def test_random_people_of_every_kind_can_be_filmed():
    for seed in range(6):
        person = synthetic.Person(synthetic.random_identity(seed), 64)
        assert synthetic.render(person, size=64)["mask"].sum() > 100


def test_unknown_parameters_are_named(persons):
    with pytest.raises(ValueError, match="jawline"):
        film(persons["Marco"], {"jawline": 1})
    with pytest.raises(ValueError, match="jawline"):
        synthetic.Person({"jawline": 1})
    with pytest.raises(ValueError, match="hair_style='mohawk'"):
        synthetic.Person({"hair_style": "mohawk"})
    with pytest.raises(ValueError, match="size=8"):
        synthetic.render(persons["Marco"], size=8)
    with pytest.raises(ValueError, match="tone='both'"):
        synthetic.true_swap_identity({}, {}, tone="both")
    with pytest.raises(ValueError, match="num_frames=0"):
        synthetic.sample_take(0, seed=1)
    with pytest.raises(ValueError, match="max_yaw=60"):
        synthetic.sample_take(5, seed=1, max_yaw=60)


def test_a_written_take_holds_the_frames_and_their_truth(tmp_path, take):
    frames = take[:4]
    path = synthetic.write_take(
        tmp_path, "train_000", "Marco", frames, "train", SIZE, frame_rate=5
    )
    pictures = [picture for _, _, picture in media.read_frames(path)]
    assert len(pictures) == 4
    truth = json.loads((tmp_path / "train_000.truth.json").read_text())
    assert truth["format"] == 1 and truth["split"] == "train"
    assert truth["identity"] == "Marco"
    assert truth["size"] == SIZE and truth["frame_rate"] == 5
    assert [frame["parameters"] for frame in truth["frames"]] == frames
    masks = np.load(tmp_path / "train_000.masks.npz")["masks"]
    assert masks.shape == (4, SIZE, SIZE) and masks.dtype == np.uint8
    person = synthetic.Person(synthetic.identity_parameters("Marco"))
    for number, frame in enumerate(frames):
        shot = synthetic.render(person, frame, SIZE)
        difference = np.abs(
            shot["image"].astype(float) - pictures[number].astype(float)
        )
        assert difference.mean() < 4  # grain in the colours is lost
        np.testing.assert_allclose(
            truth["frames"][number]["landmarks"], shot["landmarks"], atol=1e-3
        )
        assert np.abs(masks[number] / 255 - shot["mask"]).max() < 0.003


def test_a_finished_take_is_left_alone_and_a_changed_one_is_not(tmp_path, take):
    def write(frames):
        path = synthetic.write_take(
            tmp_path, "test_000", "Kofi", frames, "test", 64, 5
        )
        return path.stat().st_mtime_ns

    first = write(take[:2])
    assert write(take[:2]) == first
    assert write(take[1:3]) > first
    second = write(take[1:3])
    (tmp_path / "test_000.truth.json").write_text("{ half")
    assert write(take[1:3]) > second
    # no partial files stay behind
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "consent.toml",
        "test_000.masks.npz",
        "test_000.mp4",
        "test_000.truth.json",
    ]


def test_sound_follows_the_mouth(tmp_path):
    frames = [{"jaw": 0.0}] * 5 + [{"jaw": 0.8}] * 5
    path = synthetic.write_take(
        tmp_path, "talk", "Marco", frames, "test", 64, 10, sound=True
    )
    assert media.probe_video(path)["has_sound"]
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        sound = np.concatenate(
            [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        )
    silent, loud = sound[: int(0.3 * rate)], sound[int(0.6 * rate) :]
    assert np.abs(loud).mean() > 20 * np.abs(silent).mean()


def test_a_take_that_cannot_be_is_refused(tmp_path, take):
    with pytest.raises(ValueError, match="split='validation'"):
        synthetic.write_take(tmp_path, "a", "Marco", take, "validation")
    with pytest.raises(ValueError, match="size=127"):
        synthetic.write_take(tmp_path, "a", "Marco", take, "test", 127)
    with pytest.raises(ValueError, match="sample_take"):
        synthetic.write_take(tmp_path, "a", "Marco", [], "test")
    with pytest.raises(ValueError, match="list of names"):
        synthetic.write_footage(tmp_path, "Marco")
    assert not list(tmp_path.iterdir())


def write_small_footage(folder, identities, takes, progress=None):
    return synthetic.write_footage(
        folder,
        identities,
        training_takes=takes,
        test_takes=1,
        frames_per_take=2,
        size=64,
        clip_seconds=0.2,
        processes=1,
        progress=progress,
    )


def read_parameters(path):
    frames = json.loads(path.read_text())["frames"]
    return [frame["parameters"] for frame in frames]


def test_footage_pairs_the_tests_and_not_the_training(tmp_path):
    calls = []
    report = write_small_footage(
        tmp_path, ["Marco", "Lena"], 2, lambda *call: calls.append(call)
    )
    assert report["takes"] == report["takes_written"] == 8
    assert report["frames"] == 2 * (3 * 2 + 5)
    assert calls[-1] == (8, 8)
    for stem, same in (
        ("test_000", True),
        ("test_clip", True),
        ("train_000", False),
    ):
        marco, lena = (
            read_parameters(tmp_path / name / f"{stem}.truth.json")
            for name in ("Marco", "Lena")
        )
        assert (marco == lena) is same
    assert media.probe_video(tmp_path / "Lena" / "test_clip.mp4")["has_sound"]
    # a second run resumes, and says what no longer belongs
    report = write_small_footage(tmp_path, ["Lena", "Marco"], 1)
    assert (report["takes_written"], report["takes_kept"]) == (0, 6)
    assert report["other_takes"] == [
        "Lena/train_001.mp4",
        "Marco/train_001.mp4",
    ]


def test_nobody_is_rendered_into_footage_of_somebody_real(tmp_path):
    (tmp_path / "Lena").mkdir()
    real = tmp_path / "Lena" / "holiday.mp4"
    media.write_video(real, [np.zeros((32, 32, 3), np.uint8)] * 3, 25)
    told = "holiday.mp4.*SYNTHETIC = False"
    with pytest.raises(FileExistsError, match=told):
        write_small_footage(tmp_path, ["Marco", "Lena"], 1)
    assert [path.name for path in tmp_path.iterdir()] == ["Lena"]
    assert list(real.parent.iterdir()) == [real]
    # a take that broke off before its truth was written is none of that
    real.unlink()
    write_small_footage(tmp_path, ["Lena"], 1)
    (tmp_path / "Lena" / "train_000.truth.json").unlink()
    report = write_small_footage(tmp_path, ["Lena"], 1)
    assert report["takes_written"] == 1


def test_several_processes_write_what_one_writes(tmp_path):
    arguments = dict(people=3, frames=3, cast=2, resolution=32)
    one = synthetic.render_crowd(tmp_path / "one", processes=1, **arguments)
    two = synthetic.render_crowd(tmp_path / "two", processes=2, **arguments)
    assert (one.crops == two.crops).all() and (one.masks == two.masks).all()


def test_everybody_plays_equally_often_and_never_twice_in_a_frame():
    casts = synthetic.sample_casts(7, 70, 3, seed=0)
    assert casts.shape == (70, 3)
    assert all(len(set(row)) == 3 for row in casts.tolist())
    assert np.ptp(np.bincount(casts.ravel(), minlength=7)) <= 3
    companies = {tuple(sorted(row)) for row in casts.tolist()}
    assert len(companies) > 20  # of 35: always in new company


def test_a_crowd_is_paired_aligned_and_loaded_again(tmp_path):
    calls = []

    def crowd(**changes):
        return synthetic.render_crowd(
            tmp_path,
            **{"people": 4, "frames": 5, "resolution": 48, **changes},
            cast=2,
            processes=1,
            progress=lambda *call: calls.append(call),
        )

    crops, masks, people, frames = crowd()
    assert crops.shape == (5, 2, 48, 48, 3) and crops.dtype == np.uint8
    assert masks.shape == (5, 2, 48, 48) and masks.dtype == np.uint8
    assert len(frames) == 5 and calls[-1] == (4, 4)
    # each crop shows the person that the cast names, doing what it should
    name = f"person_{1000 + people[2, 1]:04d}"
    film, _ = film_member(name, 48, manifests.TEMPLATE, frames[2:3])
    assert (film[0] == crops[2, 1]).all()
    # eyes and mouth of the template lie in everybody's mask
    x, y = (np.array(manifests.TEMPLATE) * 48 - 0.5).round().astype(int).T
    assert (masks[:, :, y[2], x[2]] > 200).all()
    again = crowd()
    assert len(calls) == 4
    assert (again.crops == crops).all() and again.frame_parameters == frames
    assert len(crowd(frames=2).crops) == 2 and len(calls) == 8
    with pytest.raises(ValueError, match="resolution=47"):
        crowd(resolution=47)
    with pytest.raises(ValueError, match="at least two of the people"):
        crowd(people=1)


def test_masks_are_compressed(tmp_path, take):
    synthetic.write_take(tmp_path, "a", "Kofi", take[:2], "test", 64, 5)
    with zipfile.ZipFile(tmp_path / "a.masks.npz") as archive:
        (entry,) = archive.infolist()
    assert entry.filename == "masks.npy"
    assert entry.compress_size < entry.file_size / 4
