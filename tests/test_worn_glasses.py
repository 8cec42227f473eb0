"""Thin glasses stay whole, or go whole; faces without any are as they were.

People and frames are those of `benchmarks.masks`: no network has seen them.
"""

import cv2
import numpy as np
import pytest
from clips import MirrorComb

from benchmarks import masks as benchmark
from helpers import masks
from helpers.crops import cut_crop, matrix_for
from helpers.faces.detection import FaceDetector
from helpers.footage import media
from helpers.swap import visible_face, worn_glasses

SIDE = 128


def drawn_glasses(share=0.6, bridge=None):
    """A frame of glasses as a network sees it, its bridge more doubtful."""
    drawn = np.zeros((SIDE, SIDE), np.float32)
    for middle in (40, 88):
        cv2.circle(drawn, (middle, 36), 17, share, 1)
    drawn[30:32, 57:72] = share if bridge is None else bridge
    drawn[32, 4:24] = drawn[32, 105:124] = share
    return drawn


# -- the rule -----------------------------------------------------------------


def test_a_frame_is_as_sure_as_its_weakest_place_and_its_size():
    strength = worn_glasses.frame_strength
    assert strength(np.zeros((SIDE, SIDE), np.float32)) == 0
    assert strength(drawn_glasses(0.03)) == 0
    sure, doubtful = (
        strength(drawn_glasses()),
        strength(drawn_glasses(0.6, 0.1)),
    )
    assert sure > worn_glasses.SEEN > doubtful > 0
    assert strength(drawn_glasses(0.6, 0.0)) == 0  # bags below both eyes


def test_glasses_once_seen_do_not_come_and_go():
    seen, lost = worn_glasses.SEEN, worn_glasses.LOST
    between = [(seen + lost) / 2] * 5
    assert not worn_glasses.are_worn(between)
    assert worn_glasses.are_worn(between, worn=True)
    assert worn_glasses.are_worn([0, seen, seen, 0, seen])
    assert not worn_glasses.are_worn([0, 0, 0, 2, lost], worn=True)


def test_doubtful_places_of_a_frame_are_covered_and_nothing_else():
    glasses = drawn_glasses(0.9, worn_glasses.STAYS)
    cover = worn_glasses.cover_of(glasses)
    assert cover[glasses > 0].min() > 0.999
    assert cover[glasses == 0].max() == 0


def test_a_hand_is_no_glasses():
    bare = np.float32([0.0, 0.0, 0.4, 1.0])
    glasses = np.float32([0.9, 0.1, 0.5, 0.0])
    np.testing.assert_array_equal(
        worn_glasses.without_glasses(bare, glasses), np.float32([1, 0, 1, 1])
    )


def test_glasses_go_whole_unless_they_are_worn():
    egg = masks.face_mask(SIDE, MirrorComb.contract)[None]
    shares = np.ones((1, SIDE, SIDE, 3), np.float32)
    shares[..., 2] = 0
    clear = visible_face.visible_face(shares, egg)
    shares[0, ..., 2] = drawn_glasses(0.9)
    shares[0, ..., 1] -= shares[0, ..., 2]
    gone = visible_face.visible_face(shares, egg)
    np.testing.assert_array_equal(gone, clear)
    kept = visible_face.visible_face(shares, egg, worn=True)[0]
    assert kept[shares[0, ..., 2] > 0].max() < 0.01
    far = cv2.dilate(shares[0, ..., 2], np.ones((3, 3))) == 0
    np.testing.assert_array_equal(kept[far], clear[0][far])


def test_a_maker_remembers_the_glasses_of_its_face(monkeypatch):
    said = []

    class Network:
        resolution = SIDE

        def read_masks(self, crops):
            shares = np.ones((len(crops), SIDE, SIDE, 3), np.float32)
            shares[..., 2] = drawn_glasses(0.6, said.pop())
            return shares

    monkeypatch.setattr(visible_face.face_mask, "shipped_mask", Network)
    maker = visible_face.MaskMaker(MirrorComb())
    scene = next(benchmark.scenes(1, ("none",)))
    look = maker.look_at_face(scene["image"], scene["landmarks"])
    said += [0.0, 0.21, 0.6, 0.21]  # the last comes first
    holes = [maker.make_masks([look])[0][36, 23] < 0.5 for _ in range(4)]
    assert holes == [False, True, True, False]


# -- the promise --------------------------------------------------------------


def rims_kept(kind, people=8):
    """Of each face, the share of pixels of the rims that stay, and that go."""
    kept, gone = [], []
    for scene in benchmark.scenes(people, (kind,)):
        learned, egg = benchmark.kept_shares(scene, "learned")
        rims = (scene["cover"] > 0.5) & (scene["mask"] > 0.5) & (egg < 0.5)
        kept.append((learned[rims] >= 0.9).mean())
        gone.append((learned[rims] - egg[rims] <= 0.1).mean())
    return np.array(kept), np.array(gone)


@pytest.mark.parametrize("kind", ["thin", "worn"])
def test_rims_stay_whole_or_go_whole(kind):
    kept, gone = rims_kept(kind)
    whole = np.maximum(kept, gone)
    # before there was a channel for glasses: 0.1 of thin rims, half erased
    assert whole.mean() >= 0.9 and whole.min() >= 0.75
    assert (kept > gone).mean() >= 0.8


def test_a_face_without_glasses_has_the_mask_it_would_have_had():
    for scene in benchmark.scenes(8, ("none",)):
        maker = visible_face.MaskMaker(benchmark.GreenComb())
        egg, crop = maker.look_at_face(scene["image"], scene["landmarks"])
        mask = maker.make_masks([(egg, crop)])[0]
        shares = visible_face.face_mask.shipped_mask().read_masks(crop[None])
        shares[..., 2] = 0
        plain = visible_face.visible_face(shares, egg[None])[0]
        np.testing.assert_allclose(mask, plain, atol=0.02)


@pytest.mark.parametrize(
    ("who", "worn"),
    [("sen_menendez", True), ("person_b", True)]
    + [(name, False) for name in ("person_a", "person_c", "person_d")],
)
def test_glasses_of_real_people_are_seen(shared_data, who, worn):
    clip = shared_data / "people" / who / "clip.mp4"
    frames = [
        frame for index, _, frame in media.read_frames(clip) if index % 12 == 0
    ][:8]
    crops = []
    for frame, faces in zip(frames, FaceDetector().detect(frames), strict=True):
        for face in faces[:1]:
            matrix = matrix_for(face["landmarks"], benchmark.CONTRACT, SIDE)
            crops.append(cut_crop(frame, matrix, SIDE))
    assert len(crops) > 4
    network = visible_face.face_mask.shipped_mask()
    glasses = network.read_masks(np.stack(crops))[..., 2]
    strengths = [worn_glasses.frame_strength(seen) for seen in glasses]
    assert worn_glasses.are_worn(strengths) == worn
    assert worn_glasses.are_worn(strengths, worn=True) == worn
