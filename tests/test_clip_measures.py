"""Measures of swapped clips: pictures whose worth is known."""

import cv2
import numpy as np
import pytest
from clips import FACE, FRAME_SHAPE, picture, write_clip

from helpers.files import manifests
from helpers.footage import media
from helpers.proof import clip_measures

CONTRACT = manifests.data_contract()
SIDE = clip_measures.SIDE
MASK = clip_measures.mask_at(CONTRACT, 0.0)
INSIDE = MASK > 0.5


def texture(seed=0):
    """A picture with edges in all directions, shape (SIDE, SIDE, 3)."""
    noise = np.random.default_rng(seed).random((SIDE, SIDE)) * 255
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    soft = (soft - soft.min()) / np.ptp(soft) * 200 + 20
    return np.repeat(soft[..., None], 3, axis=-1).astype(np.uint8)


def moved(image, right):
    matrix = np.float64([[1, 0, right], [0, 1, 0]])
    return cv2.warpAffine(
        image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT
    )


def pasted(mask, brighter=60):
    """The texture with a face as soft as its mask, brighter inside."""
    brightened = texture() + mask[..., None] * brighter
    return np.clip(brightened, 0, 255).astype(np.uint8)


def test_a_hard_edge_is_a_seam_and_a_soft_one_less():
    target = texture()
    hard = clip_measures.seam(pasted(INSIDE), target, MASK)
    soft = clip_measures.seam(pasted(MASK), target, MASK)
    softer = clip_measures.seam(
        pasted(cv2.GaussianBlur(MASK, (0, 0), 12)), target, MASK
    )
    assert hard > 2
    assert hard - 1 > 2 * (soft - 1) > 4 * (softer - 1)
    assert clip_measures.seam(target, target, MASK) == 1


def test_a_blurred_face_has_no_seam_but_is_not_sharp():
    target = texture()
    blurred = cv2.GaussianBlur(target, (0, 0), 3)
    face = (MASK[..., None] * blurred + (1 - MASK[..., None]) * target).astype(
        np.uint8
    )
    assert clip_measures.seam(face, target, MASK) < 1.1
    assert clip_measures.sharpness_ratio(face, target, MASK) < 0.8
    assert clip_measures.sharpness_ratio(target, target, MASK) == 1


def test_a_seam_needs_a_soft_border():
    with pytest.raises(ValueError, match="where the mask is soft"):
        clip_measures.seam(texture(), texture(), INSIDE.astype(np.float32))


def film(frames=8, light=None, cut=None):
    """Frames of a picture that moves; a light of the face in each."""
    moving = []
    for n in range(frames):
        seed = int(cut is not None and n >= cut)
        frame = moved(picture(seed), 1.5 * n).astype(float)
        if light is not None:
            frame[30:100, 50:110] += light[n]
        moving.append(np.clip(frame, 0, 255).astype(np.uint8))
    return moving


@pytest.fixture
def target(tmp_path):
    return write_clip(tmp_path / "target.mp4", film())


def test_one_changed_pixel_of_the_background_is_noticed():
    frame = picture()
    changed = frame.copy()
    changed[2, 2] += 1
    background = clip_measures.Background(CONTRACT)
    background.compare_written(FACE, frame, frame)
    background.compare_unwritten(FACE, frame, frame)
    assert background.figures() == {
        "background_before_encoding": 0.0,
        "background_max": 0.0,
        "background_psnr": None,
    }
    background.compare_written(FACE, frame, changed)
    background.compare_unwritten(FACE, frame, changed)
    figures = background.figures()
    assert figures["background_max"] == 1
    assert figures["background_before_encoding"] == 1
    assert figures["background_psnr"] > 60


def test_face_and_label_are_no_background():
    frame = picture()
    changed = frame.copy()
    changed[FACE[2, 1].astype(int), FACE[2, 0].astype(int)] ^= 255
    changed[-1, 0] ^= 255
    background = clip_measures.Background(CONTRACT)
    background.compare_written(FACE, frame, changed)
    assert background.figures()["background_max"] == 0
    # without a face all of it is
    background.compare_written(np.full((5, 2), np.nan), frame, changed)
    assert background.figures()["background_max"] > 100


def test_same_sound(tmp_path, target):
    silent = tmp_path / "silent.mp4"
    media.write_video(silent, film(), 25)
    assert clip_measures.same_sound(target, target) is True
    assert clip_measures.same_sound(silent, silent) is True
    assert clip_measures.same_sound(target, silent) is False
    shorter = write_clip(tmp_path / "shorter.mp4", film(4))
    assert clip_measures.same_sound(target, shorter) is False


def test_clips_of_other_sizes_are_not_compared(tmp_path, target):
    small = tmp_path / "small.mp4"
    media.write_video(small, [f[:60] for f in film()], 25)
    with pytest.raises(ValueError, match="as large as its target"):
        list(clip_measures.both_frames(target, small))
    odd, even = tmp_path / "odd.mp4", tmp_path / "even.mp4"
    shape = FRAME_SHAPE[0] - 1, FRAME_SHAPE[1] - 1
    frames = [f[: shape[0], : shape[1]] for f in film(3)]
    write_clip(odd, frames, pixels="yuv444p")
    media.write_video(even, frames, 25)
    pairs = list(clip_measures.both_frames(odd, even))
    assert [index for index, *_ in pairs] == [0, 1, 2]
    assert all(a.shape == b.shape == (*shape, 3) for *_, a, b in pairs)
