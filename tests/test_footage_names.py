"""Odd names, links and things that are no files, in a folder of footage."""

import os
import socket

import pytest
from footage import extract, film, picture

from helpers.faces import facesets
from helpers.files.manifests import data_contract
from helpers.footage import media

pytestmark = pytest.mark.usefixtures("every_face_counts")


ODD = (
    " two  spaces .png",
    "-rf.png",
    "a\nb.png",
    "tab\tbell\a.png",
    "quote'\"`$(x).png",
    "100%d.png",
    "http:x.png",
    "人物 Дмитрий آدم.png",
    "👩‍🚀.png",
    "a" * 251 + ".png",
    "CON.png",
    "nul .png",
    "Upper.png",
    "upper.PNG",
    "Zo\u00eb.png",
    "Zoe\u0308.png",
    "line\u2028break.png",
)


def test_photos_of_any_name_are_used(tmp_path):
    folder = tmp_path / "footage"
    for name in ODD:
        media.write_image(tmp_path / "x.png", picture(120))
        folder.mkdir(exist_ok=True)
        (tmp_path / "x.png").rename(folder / name)
    report = extract(folder, tmp_path / "faces", "आन्या 👩‍🚀")
    assert report["left_out_files"] == {} and report["files"] == len(ODD)
    facesets.write_face_sets(
        tmp_path / "faces", ["आन्या 👩‍🚀"], data_contract(crop_size=64), least=1
    )
    face_set = facesets.read_face_set(
        tmp_path / "faces", "आन्या 👩‍🚀", everything=True
    )
    assert {each["file"] for each in face_set.records} == set(ODD)


@pytest.mark.parametrize("name", ["http:x.mp4", "-i.mp4", "a%03d\n.mp4"])
def test_a_video_of_any_name_is_a_file(tmp_path, monkeypatch, name):
    film(tmp_path / "x.mp4", 4)
    monkeypatch.chdir(tmp_path)
    os.rename("x.mp4", name)
    assert media.probe_video(name)["frames"] == 4
    assert len(list(media.read_frames(name))) == 4


def test_what_is_no_file_is_said_and_nothing_hangs(tmp_path):
    folder = tmp_path / "footage"
    media.write_image(folder / "good.png", picture(120))
    media.write_image(folder / "folder.jpg" / "inside.png", picture(120))
    media.write_image(tmp_path / "elsewhere" / "linked.png", picture(120))
    os.mkfifo(folder / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)  # a socket's path may have 100 bytes
        server.bind("socket.png")
        os.chdir(here)
    (folder / "link.png").symlink_to(tmp_path / "elsewhere" / "linked.png")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "circle").symlink_to(folder)
    (folder / "itself.png").symlink_to("itself.png")
    (folder / "nowhere.mp4").symlink_to(tmp_path / "gone.mp4")
    (folder / "IMG.HEIC").write_bytes(b"x")
    (folder / "no text \udcff.png").write_bytes(b"x")
    report = extract(folder, tmp_path / "faces")
    assert report["files"] == 3 and report["left_out_files"] == {}
    said = report["other_files"]
    assert "pipe" in said["pipe.mp4"] and "socket" in said["socket.png"]
    assert "link to a folder" in said["linked"]
    assert "link to a folder" in said["circle"]
    assert "nowhere" in said["nowhere.mp4"] and "link" in said["itself.png"]
    assert "JPEG" in said["IMG.HEIC"]
    assert "Rename" in said["no text ?.png"] and len(said) == 8


def test_a_file_that_is_gone_or_grows_costs_itself_only(tmp_path, monkeypatch):
    folder = tmp_path / "footage"
    for name in ("a.png", "b.png", "c.png"):
        media.write_image(folder / name, picture(120))
    film(folder / "d.mp4", 6)
    read = media.read_photo

    def vanish(path):
        if path.name == "a.png":
            (folder / "b.png").unlink()
            (folder / "d.mp4").write_bytes(b"")
        return read(path)

    monkeypatch.setattr(media, "read_photo", vanish)
    report = extract(folder, tmp_path / "faces")
    assert sorted(report["left_out_files"]) == ["b.png", "d.mp4"]
    assert report["files"] == 4 and report["kept"] >= 1
