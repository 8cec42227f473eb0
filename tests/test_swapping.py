"""Swapping: faces in frames, with a comb that is known."""

import cv2
import numpy as np
import pytest
from clips import FACE, FRAME_SHAPE, GreenComb, MirrorComb, picture

from helpers import alignment, masks
from helpers.crops import cut_crop, cut_network_crops
from helpers.files import manifests
from helpers.swap import swapping

pytestmark = pytest.mark.usefixtures("egg_masks")


@pytest.mark.parametrize("blend", ["alpha", "multiband"])
def test_a_comb_that_gives_back_what_it_sees_changes_nothing(blend):
    frame = picture()
    swap = swapping.swap_frame(
        MirrorComb(), frame, FACE, "Rosa", color="reinhard", blend=blend
    )
    assert np.abs(swap.frame.astype(int) - frame).max() <= 3
    assert swap.target_crop.shape == (64, 64, 3)
    np.testing.assert_array_equal(swap.face, swap.target_crop)


def test_only_the_face_is_swapped():
    frame = picture()
    swap = swapping.swap_frame(
        GreenComb(), frame, FACE, "Rosa", color="none", blend="alpha"
    )
    nose = FACE[2].astype(int)
    assert swap.frame[nose[1], nose[0]].tolist() == [0, 255, 0]
    for x, y in FACE:  # eyes and mouth corners are exchanged too
        assert swap.frame[round(y), round(x), 1] > 240
    changed = (swap.frame != frame).any(axis=2)
    contract = MirrorComb.contract
    matrix = alignment.crop_matrix(FACE, contract)
    egg = cv2.warpAffine(
        masks.face_mask(256, contract),
        matrix,
        FRAME_SHAPE[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    # nothing outside the mask that the decoder was trained in, but a hair
    assert not changed[cv2.dilate(egg, np.ones((5, 5))) == 0].any()
    assert changed[egg > 0.5].mean() > 0.85


def test_the_crop_is_cut_as_in_training():
    comb, frame = MirrorComb(), picture()
    cut = swapping.cut_target(comb, frame, FACE)
    stored = cut_crop(frame, alignment.crop_matrix(FACE, comb.contract), 256)
    expected = cut_network_crops(stored[None], 0.8, 64)[0]
    np.testing.assert_array_equal(cut.seen, expected)
    np.testing.assert_array_equal(cut.target_crop, expected)
    # and the matrix puts the landmarks where the template has them
    template = np.array(comb.contract["template"])
    expected = ((template - 0.1) / 0.8) * 64 - 0.5
    received = alignment.transform_points(cut.matrix, FACE)
    assert np.abs(received - expected).max() < 2


def test_the_blending_mask_is_soft_and_leaves_the_border_free():
    mask = swapping.blending_mask(MirrorComb())
    assert mask.shape == (64, 64) and mask.dtype == np.float32
    assert mask.max() > 0.999
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert border.max() < 0.02
    assert np.abs(np.diff(mask, axis=1)).max() < 0.5


def test_the_far_cheek_of_a_turned_head_is_not_pasted():
    straight = swapping.blending_mask(MirrorComb())
    turned = swapping.blending_mask(MirrorComb(), yaw=30)
    away = swapping.blending_mask(MirrorComb(), yaw=-30)
    assert turned[:, 32:].sum() < 0.8 * straight[:, 32:].sum()
    np.testing.assert_allclose(turned[:, 2:30], straight[:, 2:30], atol=0.03)
    np.testing.assert_allclose(turned[:, ::-1], away, atol=0.03)


def test_a_swapped_frame_takes_the_mask_of_its_own_yaw():
    turned = FACE + [[0, 0], [0, 0], [14, 0], [0, 0], [0, 0]]
    yaw = alignment.estimate_pose(turned)[0]
    assert yaw > 15
    swaps = [
        swapping.swap_frame(MirrorComb(), picture(), turned, "Rosa", mask=mask)
        for mask in (None, swapping.blending_mask(MirrorComb(), round(yaw)))
    ]
    np.testing.assert_array_equal(swaps[0].frame, swaps[1].frame)


def test_an_unknown_source_is_told_the_names():
    with pytest.raises(ValueError, match="Rosa, Marco.*'Anna'"):
        swapping.swap_frame(MirrorComb(), picture(), FACE, "Anna")


def test_faces_of_another_contract_are_refused():
    other = manifests.data_contract(coverage=0.7)
    swapping.check_swap(MirrorComb(), "Rosa", MirrorComb.contract)
    with pytest.raises(manifests.ContractError, match="0.8.*0.7"):
        swapping.check_swap(MirrorComb(), "Rosa", other)


def test_who_is_enlarged_smoothly_is_told_so():
    comb = MirrorComb()
    apart = np.linalg.norm(FACE[1] - FACE[0])
    template = np.array(comb.contract["template"])
    # the network crop's side over the distance between the eyes
    ratio = 0.8 / np.linalg.norm(template[1] - template[0])
    nobody = np.full((5, 2), np.nan)
    for times, told in ((1.5, False), (3.0, True)):
        side = times * comb.drawn_side
        face = FACE * side / (ratio * apart)
        notes = swapping.enlarged_note(comb, [face, nobody])
        assert len(notes) == told
    assert f"in {comb.drawn_side} " in notes[0] and "3.0 times" in notes[0]
    assert "detail network" in notes[0]
    assert swapping.enlarged_note(comb, [nobody]) == []
