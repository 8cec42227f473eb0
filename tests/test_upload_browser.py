"""Uploads in JupyterLab, in a real browser without a screen.

Needs what `lab_page` says.
"""

import os
import zipfile

import pytest
from lab_page import PATIENCE, keep_picture, open_page, run_lab
from pictures import noise_frame

from helpers.footage import footage_log, media

CODE = """
from helpers.widgets.upload import FootageUpload
upload = FootageUpload(folder / "footage" / "Анна")
upload
"""
LARGE = os.urandom(12 * 2**20)  # more than the server takes in one message


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("upload")


@pytest.fixture(scope="module")
def page(folder):
    with run_lab(folder, CODE) as address:
        with open_page(address, ".footage-upload") as page:
            yield page


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
    """What lies on the reader's disk."""
    folder = tmp_path_factory.mktemp("disk")
    photo = media.encode_image(noise_frame(), ".png")
    (folder / "one näïve 人.png").write_bytes(photo)
    (folder / "talk.mp4").write_bytes(LARGE)
    (folder / "notes.txt").write_bytes(b"x")
    for name, inside in (("more.zip", "two.png"), ("bad.zip", "../two.png")):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr(inside, photo)
    return sorted(folder.iterdir())


def choose(page, paths):
    with page.expect_file_chooser() as chooser:
        page.locator(".footage-upload button").click()
    chooser.value.set_files([str(path) for path in paths])
    page.wait_for_function(
        "() => !document.querySelector('.footage-upload button').disabled",
        timeout=PATIENCE,
    )
    rows = page.locator(".footage-upload tr").all()
    return [row.locator("td").all_inner_texts() for row in rows]


def test_chosen_files_land_in_the_folder_and_each_is_told(page, folder, chosen):
    home = folder / "footage" / "Анна"
    rows = dict(choose(page, chosen))
    assert len(rows) == 5
    assert rows["one näïve 人.png"] == rows["talk.mp4"] == "taken"
    assert rows["more.zip"] == "a zip of 1 files, 0 passed over"
    assert rows["notes.txt"].startswith("left out: A file ends in")
    assert "bad.zip with '../two.png'" in rows["bad.zip"]
    keep_picture(page, folder, "upload")
    assert (home / "talk.mp4").read_bytes() == LARGE
    names = {"one näïve 人.png", "talk.mp4", "two.png"}
    assert {n for e in footage_log.read_log(home) for n in e["files"]} == names
    assert not list(home.glob("*.part*")) and not list(home.glob(".*.part*"))
    said = page.locator(".footage-upload-said").inner_text()
    assert said.startswith("Анна: who: not stated")


def test_the_same_again_overwrites_nothing(page, folder, chosen):
    before = (folder / "footage" / "Анна" / "talk.mp4").stat().st_mtime
    rows = choose(page, [p for p in chosen if p.name == "talk.mp4"])
    assert rows[-1] == ["talk.mp4", "there already, the same"]
    assert (folder / "footage" / "Анна" / "talk.mp4").stat().st_mtime == before
