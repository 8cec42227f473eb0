"""The notebooks: their form, and all of them in order with tiny parameters."""

import ast
import json
import math
import shutil

import form
import pytest
import runner
import stamps

from helpers.files import manifests
from helpers.footage import media

NOTEBOOKS = form.find_notebooks()
TINY = runner.read_tiny()
# what a reader owns; a test writes to a folder of its own instead
OWNED = ("data/", "weights/", "build/")
SHARED = "weights/shared"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_in_form(path):
    assert form.check(path, TINY.get(path.stem)) == []


@pytest.mark.parametrize("number", ["01", "04"])
def test_a_name_is_given_in_one_cell_so_that_each_can_run_again(number):
    (path,) = form.select(NOTEBOOKS, [number])
    given = {}
    for place, cell in enumerate(form.read_notebook(path).cells):
        if cell.cell_type == "code":
            for node in form.parse_code(cell.source).body:
                for target in getattr(node, "targets", []):
                    for each in ast.walk(target):
                        if isinstance(each, ast.Name):
                            given.setdefault(each.id, set()).add(place)
    assert {name for name, cells in given.items() if len(cells) > 1} == set()


def test_tiny_values_belong_to_notebooks_that_exist():
    if len(NOTEBOOKS) < 6:
        pytest.skip(f"{len(NOTEBOOKS)} of the six notebooks are written")
    assert set(TINY) <= {path.stem for path in NOTEBOOKS}


def moved(value, folder):
    """A parameter's value with every folder of the reader's inside `folder`."""
    if isinstance(value, str):
        owned = value.startswith(OWNED) and not value.startswith(SHARED)
        return (folder / value).as_posix() if owned else value
    if isinstance(value, dict):
        return {key: moved(item, folder) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(moved(item, folder) for item in value)
    return value


def tiny_overrides(folder):
    """Tiny parameters of each notebook, and no path of the reader's."""
    overrides = {}
    for path in NOTEBOOKS:
        parameters = form.read_parameters(form.read_notebook(path))
        wanted = parameters | TINY.get(path.stem, {})
        overrides[path.stem] = {
            name: moved(value, folder)
            for name, value in wanted.items()
            if moved(value, folder) != parameters.get(name)
        }
    return overrides


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("course")


@pytest.fixture(scope="module")
def results(folder):
    """What the notebooks did, run once in order with tiny parameters."""
    if len(NOTEBOOKS) < 6:
        pytest.skip(f"{len(NOTEBOOKS)} of the six notebooks are written")
    return runner.run(NOTEBOOKS, folder / "executed", tiny_overrides(folder))


def test_every_notebook_finishes_its_folder_with_a_manifest(results):
    assert [result["name"] for result in results] == [
        path.stem for path in NOTEBOOKS
    ]
    for result in results:
        folder = runner.ROOT / result["parameters"]["OUTPUT_FOLDER"]
        manifest = manifests.read_manifest(
            folder, made_by=result["name"], verify=True
        )
        assert manifest["files"], result["name"]


def test_the_last_notebook_gives_a_video_a_picture_and_scores(results, capsys):
    report = runner.report(results)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == report
    for key in ("swap_skill", "ceiling", "expression_skill"):
        assert math.isfinite(report[key]), key
    for key in ("video", "picture"):
        assert (runner.ROOT / report[key]).stat().st_size > 1000, key


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_reader_sees_nothing_red_and_no_address(results, folder, path):
    for cell in form.read_notebook(folder / "executed" / path.name).cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output["text"]
            shown = output.get("data", {}).get("text/plain", "")
            shown = shown or output.get("text", "")
            assert " object at 0x" not in shown, shown


def test_nothing_of_the_readers_was_written(results):
    for result in results:
        for value in stamps.strings(result["parameters"]):
            assert not value.startswith(OWNED) or value.startswith(SHARED)


def test_training_in_rehearsal_goes_on_from_the_crowd_of_02(
    results, tmp_path, capsys
):
    third = NOTEBOOKS[2]
    parameters = results[2]["parameters"]
    output = tmp_path / "rehearsed"
    overrides = parameters | {
        "ENCODER": "rehearse",
        "REHEARSAL_FOLDER": (tmp_path / "film").as_posix(),
        "OUTPUT_FOLDER": output.as_posix(),
    }
    runner.run([third], tmp_path / "executed", {third.stem: overrides})
    manifest = manifests.read_manifest(output, made_by=third.stem, verify=True)
    assert manifest["parameters"]["ENCODER"] == "rehearse"
    assert results[2]["parameters"]["ENCODER"] == "auto"
    assert (tmp_path / "film" / "crops.npy").is_file()
    capsys.readouterr()


def test_a_third_person_joins_what_03_has_finished(results, tmp_path, capsys):
    first, third = NOTEBOOKS[0], NOTEBOOKS[2]
    before = results[0]["parameters"], results[2]["parameters"]
    faces, trained = (
        shutil.copytree(runner.ROOT / each["OUTPUT_FOLDER"], tmp_path / name)
        for each, name in zip(before, ("faces", "trained"), strict=True)
    )
    people = [*before[0]["IDENTITIES"], "Lena"]
    changes = {
        first: {"IDENTITIES": people, "OUTPUT_FOLDER": faces.as_posix()},
        third: {
            "JOIN": "Lena",
            "FACES_FOLDER": faces.as_posix(),
            "OUTPUT_FOLDER": trained.as_posix(),
        },
    }
    checkpoint = (trained / "checkpoint.safetensors").read_bytes()
    for parameters, (path, change) in zip(before, changes.items(), strict=True):
        overrides = {path.stem: parameters | change}
        runner.run([path], tmp_path / "executed", overrides)
    assert "Finished before, at step" in capsys.readouterr().out
    assert (trained / "checkpoint.safetensors").read_bytes() == checkpoint
    joined = tmp_path / "trained_with_Lena"
    manifest = manifests.read_manifest(joined, third.stem, verify=True)
    assert manifest["config"]["identities"] == people
    assert math.isfinite(manifest["scores"]["swap_skill"])
    manifest = manifests.read_manifest(trained, third.stem, verify=True)
    assert manifest["config"]["identities"] == people[:-1]
    assert not (tmp_path / "trained.1").exists()


def test_a_photo_goes_through_05_and_06_as_a_photo(results, tmp_path, capsys):
    fifth, sixth = NOTEBOOKS[4:6]
    parameters = results[4]["parameters"]
    home, swaps = tmp_path / "Rosa", tmp_path / "swaps"
    home.mkdir()
    *_, frame = next(media.read_frames(runner.ROOT / parameters["MEDIA"]))
    media.write_image(home / "portrait.png", frame)
    overrides = {
        fifth.stem: parameters
        | {
            "MEDIA": (home / "portrait.png").as_posix(),
            "OUTPUT_FOLDER": swaps.as_posix(),
        },
        sixth.stem: results[5]["parameters"]
        | {
            "SWAPS_FOLDER": swaps.as_posix(),
            "DETECT_PEOPLE": 0,
            "MATRIX_VIDEO": False,
            "OUTPUT_FOLDER": (tmp_path / "judged").as_posix(),
        },
    }
    made = runner.run([fifth, sixth], tmp_path / "executed", overrides)
    manifest = manifests.read_manifest(swaps, made_by=fifth.stem, verify=True)
    assert manifest["photo"] == "Marco_on_Rosa_portrait.png"
    assert manifest["video"] is None
    assert manifest["picture"] == "Marco_on_Rosa_portrait_before_after.png"
    assert set(manifest["results"]) == set(manifest["files"])
    report = runner.report(made)
    said = capsys.readouterr().out
    assert "Swapped video" not in said and report["video"] is None
    assert "A photo cannot stand in for a camera." in said
    assert "nothing moves in a photo" in said
    assert "DETECT_PEOPLE = 0: no detector of swaps is trained." in said
    judged = manifests.read_manifest(tmp_path / "judged", made_by=sixth.stem)
    assert judged["judged"] == manifest["photo"]
    assert (judged["figures"], judged["found_out"]) == ({}, {})
