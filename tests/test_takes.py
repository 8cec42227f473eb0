"""Takes: plans of footage, steps, held-out takes, frames with their truth."""

import pytest
from footage import film, picture, write_footage

from helpers.faces import takes
from helpers.footage import media


@pytest.fixture
def footage(tmp_path):
    return write_footage(tmp_path / "footage")


def test_a_plan_tells_files_apart_and_names_what_is_no_footage(footage):
    plans, steps, others = takes.plan_files(footage, 1, 0.1)
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
    assert takes.plan_files(footage, 1, 0.1)[0][0] != clip


@pytest.mark.parametrize("most, step", [(None, 2), (100, 2), (7, 4), (1, 28)])
def test_footage_is_thinned_out_to_so_many_faces(footage, most, step):
    plans, steps, _ = takes.plan_files(footage, 2, 0.1, most)
    assert steps["frames"] == step
    looked_at = sum(takes.frames_of(plan) for plan in plans)
    # of each of the two clips there may be a frame more
    assert looked_at <= (most or 100) + 2
    assert all(plan["step"] == step for plan in plans[:2])


def test_so_few_faces_that_none_is_held_out_are_refused(tmp_path):
    film(tmp_path / "talk.mp4", 20)
    with pytest.raises(ValueError, match="max_faces=2 .* none is held out"):
        takes.plan_files(tmp_path, 1, 0.1, 2)
    # what the message advises does; without a held-out share all does
    with pytest.raises(ValueError) as caught:
        takes.plan_files(tmp_path, 1, 0.1, 2)
    enough = int(str(caught.value).split("Set it to ")[1].split(",")[0])
    assert takes.plan_files(tmp_path, 1, 0.1, enough)
    assert takes.plan_files(tmp_path, 1, 0, 2)


def test_the_frames_of_a_plan_are_those_of_its_step():
    plan = {"expected": 10, "step": 3}
    assert takes.frames_of(plan) == 4
    assert takes.frames_of(plan, 9) == 1
    # a file that is longer than it says has frames left all the same
    assert takes.frames_of(plan, 12) == 1


def test_the_end_of_a_lone_video_is_a_take_of_its_own(tmp_path):
    film(tmp_path / "talk.mp4", 20)
    (plan,), _, _ = takes.plan_files(tmp_path, 1, 0.25)
    assert plan["segment"] == 15
    assert takes.take_of(plan, 14) == ("talk.mp4", "train")
    assert takes.take_of(plan, 15) == ("talk.mp4 held out", "test")
    (plan,), _, _ = takes.plan_files(tmp_path, 1, 0)
    assert takes.take_of(plan, 19) == ("talk.mp4", "train")


def test_items_go_on_in_the_middle_and_carry_their_truth(footage):
    plans, _, _ = takes.plan_files(footage, 2, 0.1)
    items = list(takes.read_items(footage, plans[1], 4))
    assert [item["index"] for item in items] == [4, 6]
    assert items[0]["time"] == pytest.approx(4 / 25)
    assert items[0]["parameters"] == {"yaw": 4}
    assert items[0]["mask"].shape == items[0]["image"].shape[:2]
    (photo,) = takes.read_items(footage, plans[2])
    assert photo["time"] is photo["parameters"] is photo["mask"] is None


def test_a_photo_more_does_not_change_other_takes(footage):
    before = {p["file"]: p for p in takes.plan_files(footage, 1, 0.1)[0]}
    media.write_image(footage / "zzz.png", picture(90))
    after = {p["file"]: p for p in takes.plan_files(footage, 1, 0.1)[0]}
    assert {name: after[name] for name in list(before)[:6]} == {
        name: before[name] for name in list(before)[:6]
    }
