"""Takes: plans of footage, steps, held-out takes, frames with their truth."""

import pytest
from footage import film, picture, write_footage

from helpers.faces import takes
from helpers.footage import media


@pytest.fixture
def footage(tmp_path):
    return write_footage(tmp_path / "footage")


def test_a_plan_tells_files_apart_and_names_what_is_no_footage(footage):
    plans, steps, others = takes.plan_files(footage, 1)
    assert [plan["file"] for plan in plans] == sorted(
        path.name
        for path in footage.iterdir()
        if path.suffix in (".mp4", ".png", ".jpg")
    )
    assert list(others) == ["notes.txt"]
    assert steps == {"frames": 1, "photos": 1}
    clip = plans[0]
    assert (clip["expected"], clip["split"]) == (6, "test")
    assert clip["bytes"] == (footage / clip["file"]).stat().st_size
    # a changed file is another plan
    film(footage / "test_000.mp4", 5)
    assert takes.plan_files(footage, 1)[0][0] != clip


@pytest.mark.parametrize("most, step", [(None, 2), (100, 2), (7, 4), (1, 28)])
def test_footage_is_thinned_out_to_so_many_faces(footage, most, step):
    plans, steps, _ = takes.plan_files(footage, 2, most)
    assert steps["frames"] == step
    looked_at = sum(takes.frames_of(plan) for plan in plans)
    # of each of the two clips there may be a frame more
    assert looked_at <= (most or 100) + 2
    assert all(plan["step"] == step for plan in plans[:2])


def test_the_frames_of_a_plan_are_those_of_its_step():
    plan = {"expected": 10, "step": 3}
    assert takes.frames_of(plan) == 4
    assert takes.frames_of(plan, 9) == 1
    # a file that is longer than it says has frames left all the same
    assert takes.frames_of(plan, 12) == 1


def seen(file, frames, own=True, video=True):
    """Records of a face in some frames of a file."""
    return [
        {
            "file": file,
            "frame": frame,
            "time": frame / 25 if video else None,
            "frame_parameters": None,
            "own": own,
        }
        for frame in frames
    ]


def held_out(records, share=0.1):
    """Hold out, twice; the files and first frames that are held out."""
    own = [row for row, record in enumerate(records) if record["own"]]
    takes.hold_out(records, own, share)
    before = [dict(record) for record in records]
    takes.hold_out(records, own, share)
    assert records == before
    first = {}
    for record in records:
        if record["split"] == "test":
            first.setdefault(record["file"], record["frame"])
    splits = {(each["take"], each["split"]) for each in records}
    assert len({take for take, _ in splits}) == len(splits)
    return first


def test_the_end_of_a_lone_video_is_a_take_of_its_own():
    records = seen("talk.mp4", range(20))
    assert held_out(records, 0.25) == {"talk.mp4": 15}
    assert records[14]["take"] == "talk.mp4"
    assert records[15]["take"] == "talk.mp4 held out"
    assert held_out(records, 0) == {}


def test_of_ten_videos_those_that_show_the_person_count():
    videos = [seen(f"{n}.mp4", range(4), own=n < 9) for n in range(10)]
    # nine of the person, so the last part of each
    assert held_out(sum(videos, [])) == {f"{n}.mp4": 3 for n in range(9)}
    # eleven of the person, after one of others
    videos = [seen(f"{n:02d}.mp4", range(4), own=n != 9) for n in range(12)]
    assert held_out(sum(videos, [])) == {"10.mp4": 0}
    assert {each["take"] for each in videos[10]} == {"10.mp4"}


def test_who_leaves_before_the_end_of_a_video_is_held_out_all_the_same():
    records = seen("a.mp4", range(10)) + seen("a.mp4", range(10, 90), own=False)
    assert held_out(records) == {"a.mp4": 9}


def test_photos_of_others_are_not_what_is_held_out():
    records = []
    for number in range(20):
        records += seen(f"{number:02d}.jpg", [0], number < 10, video=False)
    assert held_out(records) == {"09.jpg": 0}
    assert held_out(records[:4]) == {"03.jpg": 0}
    assert held_out(records[:3]) == {}


def test_what_rendered_clips_say_of_themselves_stays():
    records = [
        {**each, "frame_parameters": {}, "take": "x.mp4", "split": "test"}
        for each in seen("x.mp4", range(3))
    ] + seen("y.mp4", range(10))
    assert held_out(records) == {"x.mp4": 0, "y.mp4": 9}


def test_items_go_on_in_the_middle_and_carry_their_truth(footage):
    plans, _, _ = takes.plan_files(footage, 2)
    items = list(takes.read_items(footage, plans[1], 4))
    assert [item["index"] for item in items] == [4, 6]
    assert items[0]["time"] == pytest.approx(4 / 25)
    assert items[0]["parameters"] == {"yaw": 4}
    assert items[0]["mask"].shape == items[0]["image"].shape[:2]
    (photo,) = takes.read_items(footage, plans[2])
    assert photo["time"] is photo["parameters"] is photo["mask"] is None


def test_a_photo_more_does_not_change_other_takes(footage):
    before = {p["file"]: p for p in takes.plan_files(footage, 1)[0]}
    media.write_image(footage / "zzz.png", picture(90))
    after = {p["file"]: p for p in takes.plan_files(footage, 1)[0]}
    assert {name: after[name] for name in list(before)[:6]} == {
        name: before[name] for name in list(before)[:6]
    }
