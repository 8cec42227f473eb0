"""The judge of identity: people whose true swap is known."""

import numpy as np
import pytest

from helpers import alignment, blending, color_transfer, masks, synthetic
from helpers.crops import cut_crop, cut_network_crops
from helpers.faces.face_set import FaceSet
from helpers.faces.tracks import FaceTrack
from helpers.files import manifests
from helpers.footage import media
from helpers.proof import identity_judge

CONTRACT = manifests.data_contract(crop_size=80)


class FakeFaceSet(FaceSet):
    """`FaceSet` of crops in memory."""

    def __init__(self, identity, crops, splits, contract=CONTRACT):
        self.identity = identity
        self.crops = crops
        self.contract = contract
        self.splits = np.array(splits)

    def __len__(self):
        return len(self.crops)

    def select(self, split):
        return self.pick(np.flatnonzero(self.splits == split))

    def pick(self, rows):
        return FakeFaceSet(
            self.identity, self.crops[rows], self.splits[rows], self.contract
        )

    def load_crops(self, size=None):
        if size in (None, self.crops.shape[1]):
            return self.crops
        small = cut_network_crops(self.crops, 1.0, size)
        return (small * 255).round().astype(np.uint8)


def film(identity, seeds):
    """Stored crops of a synthetic person: three frames of each take."""
    person = synthetic.Person(synthetic.identity_parameters(identity))
    crops = []
    for seed in seeds:
        for frame in synthetic.sample_take(60, seed=seed)[::20]:
            shot = synthetic.render(person, frame, 128)
            matrix = alignment.crop_matrix(shot["landmarks"], CONTRACT)
            crops.append(cut_crop(shot["image"], matrix, 80))
    return np.array(crops)


@pytest.fixture(scope="module")
def people():
    """Takes of their own to train on; test takes in which both do the same."""
    face_sets = {}
    for number, name in enumerate(("Rosa", "Marco")):
        trained = film(
            name, range(1000 * (number + 1), 1000 * (number + 1) + 30)
        )
        tested = film(name, range(8))
        splits = ["train"] * len(trained) + ["test"] * len(tested)
        crops = np.concatenate([trained, tested])
        face_sets[name] = FakeFaceSet(name, crops, splits)
    return face_sets


@pytest.fixture(scope="module")
def judge(people):
    return identity_judge.train_identity_judge(people)


def paste(faces, targets):
    """True swaps: the source's own frames in the target's crops."""
    mask = masks.soften_mask(masks.face_mask(80, CONTRACT), 0.05, 0.025)
    swaps = []
    for face, target in zip(faces / 255, targets / 255, strict=True):
        swap = color_transfer.match_color(face, target, mask)
        swaps.append(blending.blend_crop(swap, target, mask))
    return np.array(swaps)


def test_true_swaps_are_the_source_and_unchanged_targets_are_not(people, judge):
    test = {name: each.select("test").crops for name, each in people.items()}
    for source, target in (("Rosa", "Marco"), ("Marco", "Rosa")):
        real = judge.score(test[source], source)
        swap = judge.score(paste(test[source], test[target]), source)
        unchanged = judge.score(test[target], source)
        assert real["identity_share"] > 0.9
        # neither the target's surroundings nor its colours hide the source
        assert swap["identity_share"] > 0.9
        assert unchanged["identity_share"] < 0.1
        assert unchanged["identity_margin"] < 0 < swap["identity_margin"]


def test_half_a_swap_is_less_of_the_source_than_a_whole_one(people, judge):
    rosa, marco = (people[n].select("test").crops for n in ("Rosa", "Marco"))
    swaps = paste(rosa, marco)
    margins = [
        judge.score(share * swaps + (1 - share) * marco / 255, "Rosa")[
            "identity_margin"
        ]
        for share in (0, 0.5, 1)
    ]
    assert margins == sorted(margins)


def test_light_and_surroundings_do_not_change_the_verdict(people, judge):
    crops = people["Rosa"].select("test").crops / 255
    known = judge.probabilities(crops)
    assert known.shape == (len(crops), 2)
    np.testing.assert_allclose(known.sum(axis=1), 1)
    darker = judge.probabilities(0.6 * crops)
    np.testing.assert_allclose(darker, known, atol=1e-3)
    tinted = crops + np.array([0.05, 0, -0.05])
    verdict = judge.probabilities(np.clip(tinted, 0, 1)).argmax(axis=1)
    assert np.mean(verdict == known.argmax(axis=1)) > 0.9


def test_the_same_seed_is_the_same_judge(people, judge):
    again = identity_judge.train_identity_judge(people)
    crops = people["Marco"].select("test").crops
    np.testing.assert_allclose(
        again.probabilities(crops), judge.probabilities(crops), atol=1e-6
    )


def test_a_judge_needs_two_people_with_training_crops(people):
    with pytest.raises(ValueError, match="at least two identities"):
        identity_judge.train_identity_judge({"Rosa": people["Rosa"]})
    only_tests = {name: each.select("test") for name, each in people.items()}
    with pytest.raises(ValueError, match="'Rosa': 0"):
        identity_judge.train_identity_judge(only_tests)


def test_a_stranger_and_an_empty_question_are_refused(people, judge):
    crops = people["Rosa"].select("test").crops
    with pytest.raises(ValueError, match="knows Marco, Rosa.*'Lena'"):
        judge.score(crops, "Lena")
    with pytest.raises(ValueError, match="0 crops"):
        judge.score(crops[:0], "Rosa")


def test_tracks_are_named_by_whose_face_they_show(judge, tmp_path):
    names = judge.identities[:2]
    frames, landmarks = [], {name: [] for name in names}
    for parameters in synthetic.sample_take(24, seed=901):
        halves = []
        for place, name in enumerate(names):
            person = synthetic.Person(synthetic.identity_parameters(name))
            shot = synthetic.render(person, parameters, 128)
            halves.append(shot["image"])
            landmarks[name].append(shot["landmarks"] + (128 * place, 0))
        frames.append(np.concatenate(halves, axis=1))
    path = tmp_path / "two.mp4"
    media.write_video(path, frames, 25, crf=10)
    times = np.arange(24) / 25
    counts = np.full(24, 2)
    tracks = [
        FaceTrack(
            np.array(landmarks[name], float), times, counts, counts * 0, None
        )
        for name in names
    ]
    nobody = tracks[0]._replace(landmarks=np.full((24, 5, 2), np.nan))
    named = identity_judge.name_tracks(path, [*tracks, nobody], judge)
    assert [name for name, _ in named] == [*names, None]
    assert min(share for _, share in named[:2]) > 0.5
    with pytest.raises(ValueError, match="At least one track"):
        identity_judge.name_tracks(path, [], judge)
