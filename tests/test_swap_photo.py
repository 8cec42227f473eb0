"""Swapped photos: from file to file, with a comb that is known."""

import numpy as np
import pytest
from clips import (
    FakeDetector,
    GreenComb,
    MirrorComb,
    assert_signed,
    face_at,
    picture,
)

from helpers.footage import media
from helpers.swap.swap_photo import swap_photo

pytestmark = pytest.mark.usefixtures("egg_masks")


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    media.write_image(path, picture(shape=(240, 320)))
    return path


TWO_FACES = [face_at(120, 60), face_at(20, 40)]


@pytest.mark.parametrize("faces, count", [("all", 2), ("largest", 1)])
@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif"])
def test_a_photo_is_swapped_labelled_and_marked(
    photo, tmp_path, faces, count, ending
):
    output = tmp_path / "new" / f"swap{ending}"
    report = swap_photo(
        GreenComb(),
        photo,
        output,
        "Rosa",
        FakeDetector([TWO_FACES]),
        faces=faces,
        color="none",
        blend="alpha",
    )
    assert (report["faces_found"], report["faces_swapped"]) == (2, count)
    result = media.read_photo(output)
    greens = [
        result[int(y), int(x), 1] > 230 and result[int(y), int(x), 0] < 25
        for x, y in (face["landmarks"][2] for face in TWO_FACES)
    ]
    assert greens == [True, count == 2]
    assert_signed(output, report["mark"])
    assert report["mark"]["source_identity"] == "Rosa"
    # the label is in the corner, and in nothing but the file
    corner = np.s_[-8:, :40]
    assert (result[corner].mean(), report["before"][corner].mean()) > (0, 0)
    assert result[corner].mean() < 0.7 * report["before"][corner].mean()
    np.testing.assert_array_equal(
        report["swaps"][-1].frame[corner], report["before"][corner]
    )


def test_the_label_can_be_left_out_and_the_mark_says_so(photo, tmp_path):
    output = tmp_path / "swap.png"
    report = swap_photo(
        MirrorComb(),
        photo,
        output,
        "Rosa",
        FakeDetector([TWO_FACES]),
        visible=False,
    )
    np.testing.assert_array_equal(
        media.read_photo(output), report["swaps"][-1].frame
    )
    assert report["mark"]["visible_label"] is False
    assert_signed(output, report["mark"])


def test_bad_photos_stop_and_leave_nothing(photo, tmp_path):
    comb, output = MirrorComb(), tmp_path / "swap.png"
    nobody = FakeDetector([[]] * 8)  # looked at turned by every angle
    with pytest.raises(ValueError, match="none was found in .*320 x 240"):
        swap_photo(comb, photo, output, "Rosa", nobody)
    with pytest.raises(FileNotFoundError, match="no file"):
        swap_photo(comb, tmp_path / "x.png", output, "Rosa", nobody)
    broken = tmp_path / "broken.png"
    broken.write_bytes(photo.read_bytes()[:99])
    with pytest.raises(media.MediaError, match="broken.png should be a photo"):
        swap_photo(comb, broken, output, "Rosa", nobody)
    with pytest.raises(ValueError, match="overwrite its own target"):
        swap_photo(comb, photo, photo, "Rosa", nobody)
    with pytest.raises(ValueError, match=".png, .jpg.*swap.tga"):
        swap_photo(comb, photo, tmp_path / "swap.tga", "Rosa", nobody)
    with pytest.raises(ValueError, match="'all' or 'largest'.*'both'"):
        swap_photo(comb, photo, output, "Rosa", nobody, "both")
    with pytest.raises(ValueError, match="none, mean, reinhard.*'rct'"):
        swap_photo(comb, photo, output, "Rosa", nobody, color="rct")
    assert not output.exists()
