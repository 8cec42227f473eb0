"""The latent explorer, asked by Python; the browser has a test of its own."""

import csv
import io
from types import SimpleNamespace

import numpy as np
import pytest
from explorer_page import COLUMNS, make_explorer
from PIL import Image

from helpers.widgets.explorer_controls import LARGE, TILE


@pytest.fixture(scope="module")
def explorer(tmp_path_factory):
    return make_explorer(tmp_path_factory.mktemp("explorer"))


def test_the_map_has_a_place_a_colour_and_a_picture_for_every_face(explorer):
    shown = explorer.map
    points = np.frombuffer(shown.points, "<f4").reshape(-1, 2)
    assert points.shape == (200, 2)
    assert points.min() == 0
    assert points.max() == 1
    # the first row of the grid is the highest, and a screen counts downwards
    assert points[0].tolist() == [0, 0]
    assert points[COLUMNS - 1].tolist() == [1, 0]
    assert len(shown.colors) == 600
    assert len(shown.captions) == 200
    atlas = Image.open(io.BytesIO(shown.atlas))
    assert atlas.width == shown.columns * TILE
    # face 130 is Lena's of row 30: red is 30, the rest 180
    left, top = 130 % shown.columns * TILE, 130 // shown.columns * TILE
    middle = atlas.getpixel((left + TILE // 2, top + TILE // 2))
    np.testing.assert_allclose(middle, (30, 180, 180), atol=4)


def test_a_click_shows_the_face_and_what_becomes_of_it(explorer):
    shown = explorer.face_of(3)
    assert shown["face"].shape == (LARGE, LARGE, 3)
    assert set(shown["swaps"]) == {"Lena"}
    latent = explorer.encoded.latents[3:4]
    np.testing.assert_array_equal(
        shown["reconstruction"], explorer.comb.decode(latent, "Marco")[0]
    )
    np.testing.assert_array_equal(
        shown["swaps"]["Lena"], explorer.comb.decode(latent, "Lena")[0]
    )
    rows = shown["counterparts"]["Lena"]
    assert set(explorer.encoded.labels[rows]) == {"Lena"}
    explorer.map.clicked = 3
    page = explorer.face.value
    assert "Marco, talk.mp4, frame 3, 0.60 s" in page
    assert page.count("<img") == 3 + len(rows)
    lonely = "no counterpart" in page
    assert lonely == explorer.missing["Lena"][3]


def test_a_lasso_lists_files_and_exports_them(explorer):
    explorer.map.selected = [0, 9, 150]
    lines = explorer.listed.value.splitlines()
    assert lines[0] == "Marco/crops/000000.png  talk.mp4, frame 0, 0.00 s"
    assert lines[2].startswith("Lena/crops/000050.png")
    explorer.export.click()
    with open(explorer.folder / "chosen.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["identity"] for row in rows] == ["Marco", "Marco", "Lena"]
    assert [row["split"] for row in rows] == ["train", "test", "train"]
    explorer.map.selected = [1]
    explorer.export.click()
    lines = (explorer.folder / "chosen.csv").read_text().splitlines()
    assert len(lines) == 2
    assert (explorer.folder / "chosen.csv.1").is_file()  # the list of before
    explorer.map.selected = []
    assert explorer.export.disabled
    assert not explorer.listed.value


@pytest.mark.parametrize("value", ["identity", "missing Lena", "yaw"])
def test_colours_follow_what_is_asked_for(explorer, value):
    explorer.color_by.value = value
    colors = np.frombuffer(explorer.map.colors, np.uint8).reshape(-1, 3)
    assert len(colors) == 200
    if value == "identity":
        assert len(np.unique(colors, axis=0)) == 2
        assert [word for _, word in explorer.map.legend] == ["Marco", "Lena"]
    elif value == "missing Lena":
        lonely = explorer.missing["Lena"]
        assert len(np.unique(colors[lonely], axis=0)) <= 1
        assert not set(map(tuple, colors[lonely])) & set(
            map(tuple, colors[~lonely])
        )
    else:
        yaw = explorer.described[:, 0]
        # viridis: from dark blue to yellow
        assert colors[yaw.argmax(), 0] > 200 > 100 > colors[yaw.argmin(), 0]
        assert "°" in explorer.map.legend[0][1]


def test_a_walk_leads_from_one_face_to_another(explorer):
    explorer.map.clicked = 5
    explorer.start.click()
    explorer.map.clicked = 120
    explorer.end.click()
    latents = explorer.encoded.latents
    np.testing.assert_allclose(explorer.walked_latent()[0], latents[5])
    before = explorer.walked.value
    explorer.along.value = 1.0
    np.testing.assert_allclose(
        explorer.walked_latent()[0], latents[120], rtol=1e-5
    )
    assert explorer.walked.value != before
    explorer.comb.shifts = {("Marco", "Lena"): np.full(8, 2.0)}
    np.testing.assert_allclose(
        explorer.walked_latent()[0], latents[120] + 2, rtol=1e-5
    )
    explorer.comb.shifts = {}
    explorer.along.value = 0.0


def test_directions_are_deviations_of_the_principal_space(explorer):
    explorer.map.clicked = 7
    explorer.start.click()
    explorer.directions[1].value = 2.0
    space = explorer.space
    walked = space.coordinates_of(explorer.walked_latent())
    moved = walked - space.coordinates[7]
    expected = np.zeros(moved.shape[1])
    expected[1] = 2 * space.coordinates[:, 1].std()
    np.testing.assert_allclose(moved[0], expected, atol=1e-4)
    explorer.directions[1].value = 0.0


def test_a_map_of_other_faces_is_refused(explorer):
    inspected = SimpleNamespace(labels=explorer.encoded.labels)
    with pytest.raises(ValueError, match="3 points, 200 faces"):
        type(explorer)(inspected, np.zeros((3, 2)), explorer.folder)
