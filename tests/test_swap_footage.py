"""Swapped footage: files named apart, kept, numbered, and never replaced."""

import functools
import json

import pytest
from clips import (
    FakeDetector,
    GreenComb,
    MirrorComb,
    assert_signed,
    face_at,
    picture,
    write_clip,
)

from helpers.files import manifests
from helpers.footage import consent, media
from helpers.swap import result_files, swap_footage, swap_job, swap_video
from helpers.swap.marks import reading_marks
from helpers.swap.swap_job import SwapJob

pytestmark = pytest.mark.usefixtures("egg_masks")

FRAMES = 8
FOLDERS = {"trained": "weights", "faces": "faces"}
AGREED = {"Marco": {"who": "Marco", "origin": "here", "consent": "yes"}}


class EveryDetector(FakeDetector):
    """Sees a face in every picture, but not in a small one."""

    def __init__(self):
        super().__init__([])

    def detect(self, images):
        self.waiting = [
            [face_at()] if image.shape[0] > 100 else [] for image in images
        ]
        return super().detect(images)


def job_of(path, source="Marco", target="Rosa", comb=None):
    comb = (comb or GreenComb()).looking_at(target)
    detector = EveryDetector()
    return SwapJob(comb, detector, source, target, path, AGREED, FOLDERS)


def clip_in(folder, name="clip.mp4", seed=3):
    folder.mkdir(parents=True, exist_ok=True)
    return write_clip(folder / name, [picture(seed)] * FRAMES)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def states_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_result_tells_source_target_and_medium_and_is_written_down(tmp_path):
    clip = clip_in(tmp_path / "Rosa")
    (result,) = swap_footage.swap_all(job_of(clip), tmp_path / "out")
    assert names_in(tmp_path / "out") == [
        "Marco_on_Rosa_clip.json",
        "Marco_on_Rosa_clip.mp4",
    ]
    record = json.loads(result.files[1].read_text(encoding="utf-8"))
    assert record == result.record
    assert record["finished"] and record["kind"] == "video"
    assert record["counts"]["frames"] == record["counts"]["swapped"] == FRAMES
    assert record["consent"] == AGREED
    assert record["times_without_face"] == []
    assert record["mark"]["source_identity"] == "Marco"
    assert record["job"]["source"] == "Marco"
    assert record["job"]["blend"] == "relight"
    assert result.is_video
    assert result.captions == ("before: Rosa", "after: the face of Marco")


def test_what_was_made_of_exactly_the_same_is_kept(tmp_path, capsys):
    clip, folder = clip_in(tmp_path / "Rosa"), tmp_path / "out"
    first = swap_footage.swap_all(job_of(clip), folder)
    before, comb = states_of(folder), GreenComb()
    again = swap_footage.swap_all(job_of(clip, comb=comb), folder)
    assert again == first and states_of(folder) == before
    assert comb.batches == []
    assert "Marco_on_Rosa_clip.mp4 is there" in capsys.readouterr().out
    # who deletes it gets it again, under its name
    first[0].path.unlink()
    (result,) = swap_footage.swap_all(job_of(clip, comb=comb), folder)
    assert result.path == first[0].path and comb.batches == [FRAMES]


@pytest.mark.parametrize("change", ["settings", "comb", "media", "target"])
def test_another_job_gets_the_next_number_and_replaces_nothing(
    tmp_path, capsys, change
):
    clip, folder = clip_in(tmp_path / "Rosa"), tmp_path / "out"
    job = job_of(clip)
    swap_footage.swap_all(job, folder)
    before, how = states_of(folder), {}
    if change == "settings":
        how = {"crf": 30}
    elif change == "comb":
        job = job_of(clip, comb=MirrorComb())
    elif change == "media":
        clip_in(tmp_path / "Rosa", seed=4)
    else:
        job = job_of(clip, target=None)
    (result,) = swap_footage.swap_all(job, folder, **how)
    assert result.path.name == "Marco_on_Rosa_clip_2.mp4"
    assert before.items() <= states_of(folder).items()
    said = capsys.readouterr().out
    assert "Marco_on_Rosa_clip is there already, of other" in said
    assert "This one becomes Marco_on_Rosa_clip_2." in said
    # and that one is known again by its number
    assert swap_footage.swap_all(job, folder, **how) == [result]


def test_clips_of_one_name_never_meet(tmp_path):
    folder = tmp_path / "out"
    ben, cem = clip_in(tmp_path / "Ben"), clip_in(tmp_path / "Cem", seed=4)
    for clip in (ben, cem):
        swap_footage.swap_all(job_of(clip, target=None), folder)
    both = tmp_path / "Dan"
    clip_in(both), clip_in(both, "clip.mov", seed=4)
    results = swap_footage.swap_all(job_of(both, target=None), folder)
    assert [result.path.name for result in results] == [
        "Marco_on_Dan_clip.mp4",
        "Marco_on_Dan_clip_2.mp4",
    ]
    assert {"Marco_on_Ben_clip.mp4", "Marco_on_Cem_clip.mp4"} <= set(
        names_in(folder)
    )


def test_somebody_elses_file_stays_where_it_is(tmp_path, capsys):
    clip, folder = clip_in(tmp_path / "Rosa"), tmp_path / "out"
    folder.mkdir()
    (folder / "Marco_on_Rosa_clip.gif").write_bytes(b"mine")
    (folder / "Marco_on_Rosa_clip_2.json").write_text("[1]")
    (result,) = swap_footage.swap_all(job_of(clip), folder)
    assert result.path.name == "Marco_on_Rosa_clip_3.mp4"
    assert (folder / "Marco_on_Rosa_clip.gif").read_bytes() == b"mine"
    assert (folder / "Marco_on_Rosa_clip_2.json").read_text() == "[1]"
    assert "which stays" in capsys.readouterr().out


def test_an_interrupted_video_goes_on_under_its_name(tmp_path, monkeypatch):
    clip, folder = clip_in(tmp_path / "Rosa"), tmp_path / "out"

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(swap_video, "write_swap", stop)
        with pytest.raises(KeyboardInterrupt):
            swap_footage.swap_all(job_of(clip), folder)
    assert "Marco_on_Rosa_clip.mp4.unfinished" in names_in(folder)
    followed = []
    monkeypatch.setattr(
        swap_video.tracking, "find_tracks", lambda *_: followed.append(1)
    )
    (result,) = swap_footage.swap_all(job_of(clip), folder)
    assert result.path.name == "Marco_on_Rosa_clip.mp4"
    assert followed == [] and result.record["finished"]
    assert names_in(folder) == [
        "Marco_on_Rosa_clip.json",
        "Marco_on_Rosa_clip.mp4",
    ]


def test_a_folder_is_swapped_and_what_gives_nothing_is_named(tmp_path, capsys):
    home, folder = tmp_path / "Rosa", tmp_path / "out"
    clip_in(home)
    media.write_image(home / "photo.jpg", picture(1))
    media.write_image(home / "nobody.jpg", picture(1, (90, 90)))
    (home / "broken.mp4").write_bytes(b"no video")
    (home / "notes.txt").write_text("no footage")
    job = job_of(home)
    results = swap_footage.swap_all(job, folder)
    assert [each.path.name for each in results] == [
        "Marco_on_Rosa_clip.mp4",
        "Marco_on_Rosa_photo.png",
    ]
    photo = results[1]
    assert not photo.is_video and photo.record["counts"] == {
        "faces_found": 1,
        "faces_swapped": 1,
    }
    assert_signed(photo.path, reading_marks.read_mark(photo.path))
    said = capsys.readouterr().out
    assert "left out: broken.mp4." in said and "left out: nobody.jpg." in said
    assert "left out: notes.txt ends in '.txt'" in said
    assert "2 results of 2 photos and 2 videos; left out: 3 files" in said
    # what gave nothing leaves nothing
    assert len(names_in(folder)) == 4


def test_a_folder_of_nothing_and_a_file_of_nothing_say_why(tmp_path):
    home = tmp_path / "Rosa"
    home.mkdir()
    empty = home / "nobody.jpg"
    media.write_image(empty, picture(1, (90, 90)))
    with pytest.raises(ValueError, match="none of 1 in .*the lines above"):
        swap_footage.swap_all(job_of(home), tmp_path / "out")
    with pytest.raises(ValueError, match="photo with a face is needed"):
        swap_footage.swap_all(job_of(empty), tmp_path / "out")
    with pytest.raises(ValueError, match="none, mean.*'rct'"):
        swap_footage.swap_all(job_of(home), tmp_path / "out", color="rct")
    with pytest.raises(ValueError, match="'main' or 'all'.*'up'"):
        swap_footage.swap_all(job_of(home), tmp_path / "out", faces="up")
    with pytest.raises(ValueError, match="where in a video"):
        swap_footage.swap_all(job_of(empty), tmp_path / "out", faces="left")
    assert names_in(tmp_path / "out") == []


def test_names_are_such_that_every_disk_takes_them():
    stem = functools.partial(result_files.result_stem, "Marco", "Rosa")
    assert stem("a/b/my clip.v2.mp4") == "Marco_on_Rosa_my clip.v2"
    assert stem('what? "it": 3*4.mp4') == "Marco_on_Rosa_what_ _it__ 3_4"
    assert stem("bad \udcff.mp4") == "Marco_on_Rosa_bad _"
    long = stem("ü" * 120 + ".mp4")
    assert len(long.encode()) <= result_files.MOST_BYTES
    assert long.startswith("Marco_on_Rosa_ü")
    # a photo called like what lies beside the result of `clip`
    assert stem("clip_before_after.png") == "Marco_on_Rosa_clip_before_after_1"


def test_source_and_target_are_two_people_before_anything_is_read(tmp_path):
    with pytest.raises(ValueError, match="two people.*'Rosa' for both"):
        swap_footage.open_job(
            tmp_path / "no", tmp_path / "no", tmp_path, "Rosa", "Rosa", 0.2
        )
    with pytest.raises(FileNotFoundError, match="MEDIA is a photo, a video"):
        swap_footage.open_job(
            tmp_path / "no", tmp_path / "no", tmp_path / "x", "Rosa", None, 0.2
        )


def test_footage_in_the_folder_of_another_is_refused(tmp_path, capsys):
    check = functools.partial(swap_job.check_folder, ("Rosa", "Marco"))
    with pytest.raises(ValueError, match="TARGET = 'Rosa'.*folder of Marco"):
        check("Rosa", tmp_path / "Marco")
    check("Rosa", tmp_path / "Rosa")
    check("Rosa", tmp_path / "holiday")
    check(None, tmp_path / "Ben")
    assert capsys.readouterr().out == ""
    check(None, tmp_path / "Marco")
    assert "set TARGET = 'Marco'" in capsys.readouterr().out


def test_the_footage_of_a_job_is_found(tmp_path):
    home = tmp_path / "Rosa"
    clip = clip_in(home)
    media.write_image(home / "photo.jpg", picture(1))
    whole, one = job_of(home), job_of(home / "photo.jpg", target=None)
    assert whole.has_video and not one.has_video
    assert (whole.target_name, one.target_name) == ("Rosa", "Rosa")
    frame, landmarks = whole.first_face()
    assert frame.shape == picture().shape
    assert (landmarks == face_at()["landmarks"]).all()
    assert one.live_frames() is None
    taken = list(whole.live_frames(seconds=0.1))
    assert len(taken) == 3 and clip.is_file()


@pytest.fixture
def opened(monkeypatch):
    """What a job is opened with; its comb can be another one later."""
    known = {"comb": GreenComb()}
    monkeypatch.setattr(
        swap_job.bundles, "load_bundle", lambda _: known["comb"]
    )
    monkeypatch.setattr(
        swap_job.facesets, "consent_of", lambda *_: consent.unstated()
    )
    monkeypatch.setattr(
        swap_job.detection, "FaceDetector", lambda _: EveryDetector()
    )
    return known


def test_a_job_is_opened_checked_and_says_who_agreed(opened, tmp_path, capsys):
    clip = clip_in(tmp_path / "Rosa")
    consent.write_consent(clip.parent, "Rosa R.", "filmed here", "in writing")
    job = swap_footage.open_job("w", "f", clip, "Marco", "Rosa", 0.2)
    assert (job.comb.target, job.folders["trained"]) == ("Rosa", "w")
    assert list(job.agreed) == ["Marco", "Rosa"]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "this comb knows Rosa, Marco"
    assert said[1].startswith("Marco: who: not stated")
    assert said[2].startswith("Rosa: who: Rosa R.; origin: filmed here")
    # a folder agrees for itself
    whole = swap_footage.open_job("w", "f", clip.parent, "Marco", None, 0.2)
    assert whole.agreed["Rosa"]["who"] == "Rosa R."
    assert "set TARGET = 'Rosa'" in capsys.readouterr().out
    with pytest.raises(ValueError, match="source should be one of"):
        swap_footage.open_job("w", "f", clip, "Ben", "Rosa", 0.2)
    with pytest.raises(ValueError, match="in the folder of Rosa"):
        swap_footage.open_job("w", "f", clip, "Rosa", "Marco", 0.2)


def test_the_newest_result_is_read_again_with_its_job(opened, tmp_path):
    clip, folder = clip_in(tmp_path / "Rosa"), tmp_path / "out"
    with pytest.raises(FileNotFoundError, match="Run notebooks/05_prediction"):
        swap_footage.read_result(folder)
    (result,) = swap_footage.swap_all(job_of(clip), folder)
    made_by, name = "05_prediction", result.path.name
    manifests.write_manifest(folder, made_by, files=[name], video=name)
    read, job = swap_footage.read_result(folder)
    assert read == result
    assert (job.source, job.target, job.comb.target) == (
        "Marco",
        "Rosa",
        "Rosa",
    )
    assert set(job.agreed) == {"Rosa", "Marco"}
    assert job.agreed["Marco"] == AGREED["Marco"]
    opened["comb"] = MirrorComb()
    with pytest.raises(ValueError, match="the comb that it was made of"):
        swap_footage.read_result(folder)
    opened["comb"] = GreenComb()
    clip_in(clip.parent, seed=5)
    with pytest.raises(ValueError, match="the media that it was made of"):
        swap_footage.read_result(folder)
    clip.unlink()
    with pytest.raises(FileNotFoundError, match="is gone. Put it back"):
        swap_footage.read_result(folder)
    manifests.write_manifest(folder, made_by)
    with pytest.raises(FileNotFoundError, match="the name of none"):
        swap_footage.read_result(folder)
