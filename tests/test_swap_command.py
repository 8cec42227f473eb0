"""`course.py swap`: two paths in, the parameters of three notebooks out."""

import json

import cv2
import form
import numpy as np
import pytest
import swap_command


@pytest.fixture
def people(tmp_path, monkeypatch):
    """A folder with footage of Anna and of Dora, where the command is typed."""
    monkeypatch.setenv("COURSE_STARTED_IN", str(tmp_path))
    for name in ("Anna", "Dora"):
        (tmp_path / name).mkdir()
        picture = np.zeros((40, 40, 3), np.uint8)
        cv2.imwrite(str(tmp_path / name / "photo.jpg"), picture)
    return tmp_path


def test_names_and_folders_come_from_the_paths(people):
    job = swap_command.read_job("Dora", "Anna/photo.jpg")
    values = job.parameters(7)
    first, third, fifth = values.values()
    assert first["IDENTITIES"] == ["Anna", "Dora"]
    assert first["FOOTAGE_FOLDER"] == {
        "Anna": str(people / "Anna"),
        "Dora": str(people / "Dora"),
    }
    assert (fifth["SOURCE"], fifth["TARGET"]) == ("Dora", "Anna")
    assert fifth["MEDIA"] == str(people / "Anna" / "photo.jpg")
    # all of what was asked for, in two parts
    assert third["MINUTES"] + third["DETAIL_MINUTES"] == pytest.approx(7)
    assert third["FACES_FOLDER"] == first["OUTPUT_FOLDER"]
    assert fifth["TRAINED_FOLDER"] == third["OUTPUT_FOLDER"]
    assert first["OUTPUT_FOLDER"].startswith("data/Anna_and_Dora")


def test_the_other_way_round_needs_no_other_training(people):
    one = swap_command.read_job("Dora", "Anna").parameters(10)
    other = swap_command.read_job("Anna", "Dora").parameters(10)
    for stem in ("01_data_generation", "03_full_training"):
        assert one[stem] == other[stem]


def test_every_value_is_a_parameter_of_its_notebook(people):
    values = swap_command.read_job("Dora", "Anna").parameters(10)
    known = {p.stem: p for p in form.find_notebooks()}
    for stem, parameters in values.items():
        notebook = form.read_notebook(known[stem])
        assert parameters.keys() <= form.read_parameters(notebook).keys()


def test_what_is_going_to_happen_is_said(people):
    job = swap_command.read_job("Dora", "Anna/photo.jpg")
    assert job.in_words() == "Dora's face onto photo.jpg of Anna"
    job = swap_command.read_job("Dora", "Anna")
    assert job.in_words() == "Dora's face onto all footage of Anna"


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("Anna/photo.jpg", "Dora", "the file .* give the folder"),
        ("Anna", "Dora/clip.mp4", "which is not there"),
        ("Anna", "Anna/photo.jpg", "a folder each"),
        (".", "Anna/photo.jpg", "a folder each"),
        ("Anna", "Dora/notes.txt", "neither a photo's ending"),
        ("Anna", "Empty", "should hold photos or videos"),
        ("Berta", "Dora", "There is no folder"),
        ("Anna", "other/anna", "large and small letters"),
    ],
)
def test_what_cannot_be_swapped_is_said(people, source, target, said):
    (people / "Empty").mkdir()
    (people / "Dora" / "notes.txt").write_text("to do")
    (people / "other" / "anna").mkdir(parents=True)
    photo = people / "Anna" / "photo.jpg"
    (people / "other" / "anna" / "a.jpg").write_bytes(photo.read_bytes())
    with pytest.raises((ValueError, OSError), match=said):
        swap_command.read_job(source, target)


def test_the_page_is_called_as_what_it_shows(tmp_path):
    folder = tmp_path / "executed"
    folder.mkdir()
    path = next(p for p in form.find_notebooks() if p.stem[:2] == "05")
    notebook = form.read_notebook(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    (folder / path.name).write_text(form.canonical(notebook), encoding="utf-8")
    output = tmp_path / "build" / "Anna_and_Dora"
    output.mkdir(parents=True)
    content = {
        "format": 1,
        "made_by": path.stem,
        "files": {},
        "video": "Anna_on_Dora_clip.mp4",
    }
    (output / "manifest.json").write_text(json.dumps(content))
    results = [
        {
            "name": path.stem,
            "parameters": {"OUTPUT_FOLDER": "build/Anna_and_Dora"},
        }
    ]
    page = swap_command.write_page(folder, results, tmp_path)
    assert page == output / "Anna_on_Dora_clip.html"
    text = page.read_text(encoding="utf-8")
    assert "Swap a face" in text
    # its pictures travel with it
    assert 'src="../image' not in text and "data:image/png;base64" in text
