"""The detail network: what it adds, what it is part of, and what it refuses."""

import json
import types

import cv2
import keras
import numpy as np
import pytest
from clips import FACE, MirrorComb, picture
from small_swappers import NAMES, crops, small_comb, untraced

from helpers import identities
from helpers.detail_network import DetailNetwork, choose_factor
from helpers.growth import growth_schedule
from helpers.proof.detail_scores import detail_scores
from helpers.swap import swapping
from helpers.swapper import resize_pictures
from helpers.training import bundles, detail_start, identity_training
from helpers.training.detail_data import DetailData, detail_optimizer
from helpers.training.trainer import Trainer

ROSA, ANA = NAMES


def small_detail(names=NAMES, factor=4, seed=0, **options):
    keras.utils.set_random_seed(seed)
    return DetailNetwork(names, 16, factor, width=8, blocks=1, **options)


def bent(detail, by=0.3):
    """A network whose last layers add what is to be seen."""
    for number, name in enumerate(detail.identities):
        _, last = detail.ends[name]
        kernel, bias = last.get_weights()
        last.set_weights([kernel, bias + by * (number + 1)])
    return detail


@pytest.mark.parametrize("factor", [2, 4, 6])
def test_faces_come_out_larger_and_begin_as_smooth_ones(factor):
    detail = small_detail(factor=factor)
    drawn = np.linspace(0.2, 0.8, 16, dtype="float32")
    drawn = np.broadcast_to(drawn[None, :, None, None], (3, 16, 16, 3))
    large = detail.enlarge(drawn, ROSA)
    assert large.shape == (3, 16 * factor, 16 * factor, 3)
    assert large.min() >= 0 and large.max() <= 1
    smooth = resize_pictures(drawn, 16 * factor)
    assert np.abs(large - smooth).mean() < 0.05
    assert detail.enlarge(drawn[:0], ROSA).shape == (0, *large.shape[1:])


def test_who_is_unknown_and_other_sizes_are_refused():
    detail = small_detail()
    with pytest.raises(ValueError, match=r"16, 16.*Rosa, Ana.*'Lena'"):
        detail.enlarge(crops(), "Lena")
    with pytest.raises(ValueError, match=r"Received: shape \(3, 8, 8, 3\)"):
        detail.enlarge(crops(side=8), ROSA)
    with pytest.raises(ValueError, match="2, 4, 6 times.*factor=3"):
        small_detail(factor=3)


def test_the_factor_goes_by_the_middle_face():
    assert choose_factor([10, 256, 9000], 64) == 4
    assert choose_factor([64.0, 70.0], 64) == 1
    assert choose_factor([128.0], 64) == 2


def fine_faces(count, random):
    """Fine stripes, stronger where it is brighter; a small picture has none."""
    levels = random.uniform(0.3, 0.7, (count, 1, 1, 1))
    drawn = np.broadcast_to(levels, (count, 16, 16, 3))
    stripes = np.arange(64) // 2 % 2 - 0.5
    shown = levels * (1 + 0.4 * stripes[:, None, None])
    shown = np.broadcast_to(shown, (count, 64, 64, 3))
    mask = np.ones((count, 64, 64, 1))
    shown = np.concatenate([shown, mask], axis=-1)
    return [np.rint(255 * each).astype(np.uint8) for each in (drawn, shown)]


def detail_of_stripes(seed=0):
    random = np.random.default_rng(seed)
    seen = {name: fine_faces(20, random) for name in NAMES}
    unseen = {name: fine_faces(8, random) for name in NAMES}
    return DetailData(
        {name: drawn for name, (drawn, _) in seen.items()},
        {name: shown for name, (_, shown) in seen.items()},
        unseen,
        np.ones((64, 64), np.float32),
        seed,
    )


def test_it_learns_what_a_small_picture_cannot_hold(tmp_path):
    data = detail_of_stripes()
    detail = small_detail()
    begun = Trainer(
        detail,
        data,
        growth_schedule(0, 60, 0, 8),
        learning_rate=1e-2,
        checkpoint=tmp_path / "checkpoint.safetensors",
        optimizer=detail_optimizer,
    )
    with untraced():
        history = begun.run(report_every=30)
    assert history[-1]["resolution"] == 64, "what is drawn, not what goes in"
    drawn, shown = data.unseen[ROSA]
    drawn, shown = drawn / np.float32(255), shown[..., :3] / 255
    smooth = np.abs(resize_pictures(drawn, 64) - shown).mean()
    assert np.abs(detail.enlarge(drawn, ROSA) - shown).mean() < 0.5 * smooth
    # finished, it is read back
    again = Trainer(
        small_detail(seed=5),
        data,
        growth_schedule(0, 60, 0, 8),
        learning_rate=1e-2,
        checkpoint=tmp_path / "checkpoint.safetensors",
    )
    assert again.finished
    np.testing.assert_allclose(
        again.network.enlarge(drawn, ROSA), detail.enlarge(drawn, ROSA)
    )


def test_batches_are_those_of_their_step_and_hold_the_mask():
    data = detail_of_stripes()
    (inputs, targets), (same, _) = (data.batch(7, 0, 1.0, 5) for _ in range(2))
    for key, seen in inputs.items():
        np.testing.assert_array_equal(seen, same[key])
        assert seen.shape == (5, 16, 16, 3)
        assert targets[key].shape == (5, 64, 64, 4)
    other, _ = data.batch(8, 0, 1.0, 5)
    assert not np.array_equal(inputs["face-Rosa"], other["face-Rosa"])
    assert data.measured == NAMES


def test_both_pictures_are_moved_alike_by_whole_pixels():
    drawn = np.zeros((1, 16, 16, 3), np.uint8)
    drawn[:, 6, 9] = 255
    shown = np.repeat(np.repeat(drawn, 4, axis=1), 4, axis=2)
    shown = np.concatenate([shown, shown[..., :1]], axis=-1)
    weights = np.ones((64, 64), np.float32)
    data = DetailData({ROSA: drawn}, {ROSA: shown}, {}, weights)
    places = set()
    for step in range(40):
        inputs, targets = (
            each["face-Rosa"] for each in data.batch(step, 0, 1, 1)
        )
        place = np.argwhere(inputs[0, ..., 0] > 0.5)
        assert len(place) == 1
        block = np.argwhere(targets[0, ..., 3] > 0.5)
        np.testing.assert_array_equal(block.min(axis=0), 4 * place[0])
        np.testing.assert_array_equal(block.max(axis=0), 4 * place[0] + 3)
        places.add(tuple(place[0] % 4))
    assert len(places) > 10  # of the 16 ways to stand on a grid of four


def test_who_is_filmed_largest_decides_how_large_all_are_drawn(capsys):
    comb = small_comb()
    people = {
        name: types.SimpleNamespace(footage_sides=lambda s=side: np.full(5, s))
        for name, side in zip(NAMES, (20.0, 60.0), strict=True)
    }
    assert identity_training.prepare_detail(comb, people, minutes=0) is None
    said = capsys.readouterr().out
    assert "up to 60 pixels" in said and "enlarged 4 times" in said


@pytest.mark.parametrize("factor", [2, 4, 6])
def test_it_begins_as_what_is_known_of_faces(factor, tmp_path):
    known = bent(small_detail(["crowd"], factor=4))
    detail_start.write_detail_start(tmp_path, known)
    read = detail_start.read_detail_start(tmp_path)
    begun = small_detail(factor=factor, seed=7)
    begun.start_from(read)
    drawn = np.full((1, 16, 16, 3), 0.3, np.float32)
    wanted = known.enlarge(drawn, "crowd")[:, 24:40, 24:40].mean()
    middle = slice(6 * factor, 10 * factor)
    for name in NAMES:  # the same brightness at any size
        large = begun.enlarge(drawn, name)[:, middle, middle]
        assert abs(large.mean() - wanted) < 0.01
    with pytest.raises(
        ValueError, match="same width. Expected: 8. Received: 32"
    ):
        small_detail().start_from(DetailNetwork(["crowd"], 16, blocks=1))


def test_who_joins_leaves_the_others_as_they_are():
    ours, theirs = bent(small_detail()), small_detail(["Lena"], seed=3)
    theirs.start_from(ours)
    joined = ours.joined_by(bent(theirs, by=-0.2))
    assert joined.identities == (*NAMES, "Lena")
    for name in NAMES:
        np.testing.assert_array_equal(
            joined.enlarge(crops(), name), ours.enlarge(crops(), name)
        )
    np.testing.assert_array_equal(
        joined.enlarge(crops(), "Lena"), theirs.enlarge(crops(), "Lena")
    )


def test_a_comb_draws_at_the_size_of_its_detail_network():
    comb = small_comb()
    faces = comb.swap(crops(), ROSA)
    assert comb.enlarge(faces, ROSA) is faces and comb.drawn_side == 16
    comb.detail = bent(small_detail([ROSA]))
    assert comb.drawn_side == 64
    smooth = resize_pictures(faces, 64)
    assert (comb.enlarge(faces, ROSA) - smooth).mean() > 0.2
    # who joined later has no detail yet
    np.testing.assert_array_equal(comb.enlarge(faces, ANA), smooth)


def test_a_bundle_holds_the_detail_network(tmp_path):
    comb = small_comb()
    comb.detail = bent(small_detail())
    manifest = bundles.save_bundle(comb, tmp_path / "with", "03_full_training")
    assert manifest["detail"]["factor"] == 4
    again = bundles.load_bundle(tmp_path / "with")
    for name in NAMES:
        np.testing.assert_allclose(
            again.enlarge(crops(), name), comb.enlarge(crops(), name), atol=1e-6
        )
    # fresh decoders would be enlarged as somebody else
    assert bundles.load_bundle(tmp_path / "with", parts="shared").detail is None
    comb.detail = None
    bundles.save_bundle(comb, tmp_path / "without", "03_full_training")
    assert bundles.load_bundle(tmp_path / "without").detail is None


@pytest.mark.parametrize(
    "lie, error",
    [
        ({"width": 10**9}, "numbers at least"),
        ({"resolution": 32}, "detail network of 16 pixels"),
        ({"identities": ["Lena", "Rosa"]}, "of Rosa, Ana Núñez"),
        ({"factor": 3}, "2, 4, 6 times"),
        ({"depth": 2}, "should describe a comb"),
    ],
)
def test_a_bundle_that_lies_about_detail_is_refused(lie, error, tmp_path):
    comb = small_comb()
    comb.detail = small_detail()
    bundles.save_bundle(comb, tmp_path, "03_full_training")
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["detail"] |= lie
    path.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(ValueError, match=error):
        bundles.load_bundle(tmp_path)


def test_people_keep_their_detail_when_others_come_and_go():
    comb = small_comb()
    comb.detail = bent(small_detail())
    drawn = crops()
    joined = identities.add_identity(comb, "Lena")
    left = identities.remove_identity(joined, ROSA)
    renamed = identities.rename_identity(left, ANA, "Mary")
    np.testing.assert_allclose(
        renamed.enlarge(drawn, "Mary"), comb.enlarge(drawn, ANA), atol=1e-6
    )
    assert renamed.detail.identities == ("Mary",)
    assert identities.remove_identity(renamed, "Mary").detail is None


class SharpMirror(MirrorComb):
    """Gives back the frame itself, as large as it lies in it."""

    drawn_side = 256

    def __init__(self, frame, landmarks):
        super().__init__()
        self.sharp = swapping.cut_target(self, frame, landmarks).target_crop

    def enlarge(self, faces, identity):
        return np.stack([self.sharp] * len(faces))


@pytest.mark.usefixtures("egg_masks")
def test_a_large_face_keeps_what_the_comb_cannot_see():
    frame = cv2.resize(picture(), None, fx=4, fy=4)
    landmarks = FACE * 4 + 1.5
    x, y = landmarks[2].astype(int)
    frame[y - 20 : y + 20, x - 20 : x + 20] = 200
    frame[y - 20 : y + 20, x - 2 : x + 2] = 40  # as thin as a lid
    sharp = SharpMirror(frame, landmarks)
    lines = {}
    for name, comb in (("small", MirrorComb()), ("large", sharp)):
        swap = swapping.swap_frame(comb, frame, landmarks, "Rosa")
        assert swap.face.shape == swap.target_crop.shape
        lines[name] = swap.frame[y - 10 : y + 10, x - 1 : x + 1].mean()
    assert swap.face.shape == (256, 256, 3)
    assert lines["large"] < 60 < 70 < lines["small"]


def test_what_it_is_worth_is_asked_of_unseen_faces(tmp_path):
    with pytest.raises(ValueError, match="Received: one without"):
        detail_scores(small_comb(), {})
