"""The score: what it says of combs whose worth is known beforehand."""

import types

import numpy as np
import pytest

from helpers import alignment, synthetic
from helpers.crops import cut_crop, cut_network_crops, network_matrix
from helpers.faces.face_set import FaceSet
from helpers.faces.readers import expression_reader
from helpers.files import manifests
from helpers.proof import evaluation
from helpers.proof.evaluation import EXPRESSION_PARAMETERS

SIZE = 8
FRAMES = 40
COLORS = {"Marco": 0.2, "Lena": 0.5, "Kofi": 0.7}


def parameters_of(rows):
    """Frame parameters of frames by number, spread over 0-1."""
    random = np.random.default_rng(5)
    table = random.random((FRAMES, len(EXPRESSION_PARAMETERS)))
    return table[np.asarray(rows)]


def film(identity, rows):
    """Crops: an identity's colour, and the frame's parameters written in."""
    rows = np.asarray(rows)
    crops = np.full((len(rows), SIZE, SIZE, 3), COLORS[identity], np.float32)
    written = parameters_of(rows) * 0.3
    crops[:, 2, : written.shape[1]] += written[..., None]
    crops[:, 0, 0] = (rows / 255)[:, None]  # outside of the mask
    return crops


def masks_of(count):
    masks = np.ones((count, SIZE, SIZE), np.float32)
    masks[:, 0] = 0
    return masks


class FakeReader:
    """Reads what `film` wrote, whatever the identity's colour."""

    scales = np.full(len(EXPRESSION_PARAMETERS), 0.3)

    def read_expressions(self, crops):
        count = len(EXPRESSION_PARAMETERS)
        return (crops[:, 2, :count, 0] - crops[:, 4, 4, :1]) / 0.3


def fake_comb(encode, decode):
    shifts = {}
    return types.SimpleNamespace(
        shifts=shifts,
        shift=lambda source, target: shifts.get((source, target), 0.0),
        identities=("Marco", "Lena"),
        resolution=SIZE,
        contract=manifests.data_contract(coverage=1.0),
        encode=encode,
        decode=decode,
        swap=lambda crops, source: decode(encode(crops), source),
    )


def perfect_comb():
    """Knows the frame's number from the crop and films the source in it."""
    return fake_comb(
        lambda crops: (crops[:, 0, 0, :1] * 255).round(),
        lambda codes, source: film(source, codes[:, 0].astype(int)),
    )


def mean_comb(face):
    return fake_comb(
        lambda crops: np.zeros((len(crops), 2), np.float32),
        lambda codes, _: np.broadcast_to(face, (len(codes), *face.shape)),
    )


def idle_comb():
    """Gives back what it was shown."""
    return fake_comb(
        lambda crops: crops.reshape(len(crops), -1),
        lambda codes, _: codes.reshape(-1, SIZE, SIZE, 3),
    )


@pytest.fixture
def paired():
    rows = np.arange(FRAMES // 2, FRAMES)
    table = parameters_of(rows)
    return evaluation.PairedCrops(
        film("Lena", rows),
        film("Marco", rows),
        masks_of(len(rows)),
        dict(zip(EXPRESSION_PARAMETERS, table.T, strict=True)),
    )


@pytest.fixture
def marcos_mean():
    return evaluation.mean_face(film("Marco", np.arange(FRAMES // 2)))


def test_the_error_counts_only_what_lies_inside_the_mask():
    truth = np.zeros((1, 2, 2, 3), np.float32)
    prediction = truth.copy()
    prediction[0, 0, 0] = 0.5
    prediction[0, 1, 1] = 1.0
    mask = np.array([[[1, 1], [0, 0]]], np.float32)
    assert evaluation.masked_error(prediction, truth, mask) == 0.25
    mask = np.array([[[1, 0.5], [0, 0]]], np.float32)
    error = evaluation.masked_error(prediction, truth, mask)
    assert error == pytest.approx(0.5 / 1.5)


def test_images_count_alike_whether_their_faces_are_large_or_small():
    truth = np.zeros((2, 4, 4, 3), np.float32)
    prediction = truth.copy()
    prediction[0] = 0.2
    mask = np.ones((2, 4, 4), np.float32)
    mask[0, 1:] = 0
    error = evaluation.masked_error(prediction, truth, mask)
    assert error == pytest.approx(0.1)


def test_an_error_of_misfits_is_refused():
    images, masks = np.zeros((2, 4, 4, 3), np.float32), np.ones((2, 4, 4))
    with pytest.raises(ValueError, match="one shape"):
        evaluation.masked_error(images[:1], images, masks)
    with pytest.raises(ValueError, match="uint8"):
        evaluation.masked_error(images.astype(np.uint8), images, masks)
    masks[1] = 0
    with pytest.raises(ValueError, match="1 empty masks of 2"):
        evaluation.masked_error(images, images, masks)


def test_the_mean_face_is_the_mean_and_needs_a_crop(paired):
    expected = paired.truth.mean(axis=0)
    found = evaluation.mean_face(paired.truth)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32
    with pytest.raises(ValueError, match="0 of them"):
        evaluation.mean_face(paired.truth[:0])


def test_a_perfect_comb_has_skill_one(paired, marcos_mean):
    score = evaluation.score_pair(
        perfect_comb(), "Marco", paired, marcos_mean, FakeReader()
    )
    assert score["swap_error"] == pytest.approx(0, abs=1e-7)
    for name in ("swap_skill", "ceiling", "expression_skill"):
        assert score[name] == pytest.approx(1, abs=1e-5)
    assert score["expression_ceiling"] == pytest.approx(1, abs=1e-5)
    assert score["retrieval_top5"] == 1
    assert score["expression"]["yaw"]["skill"] == pytest.approx(1, abs=1e-5)


def test_the_mean_face_has_skill_zero_and_no_expression(paired, marcos_mean):
    score = evaluation.score_pair(
        mean_comb(marcos_mean), "Marco", paired, marcos_mean, FakeReader()
    )
    for name in ("swap_skill", "ceiling", "expression_skill"):
        assert score[name] == pytest.approx(0, abs=1e-6)
    assert score["expression_ceiling"] == pytest.approx(1, abs=1e-5)
    assert score["retrieval_top5"] == 0


def test_a_comb_that_changes_nothing_scores_as_the_target_does(
    paired, marcos_mean
):
    score = evaluation.score_pair(
        idle_comb(), "Marco", paired, marcos_mean, FakeReader()
    )
    assert score["swap_skill"] == score["unchanged_skill"] < 0
    assert score["ceiling"] == pytest.approx(1)
    # pixels and expression are told apart: the face moves, but is not his
    assert score["expression_skill"] == pytest.approx(1, abs=1e-5)


def test_skills_are_the_ratios_of_their_errors(paired, marcos_mean):
    score = evaluation.score_pair(idle_comb(), "Marco", paired, marcos_mean)
    ratio = score["target_error"] / score["mean_error"]
    assert score["unchanged_skill"] == pytest.approx(1 - ratio)
    assert "expression_skill" not in score


def test_a_source_that_never_moves_has_no_scale_to_be_scored_on(paired):
    still = paired._replace(truth=np.repeat(paired.truth[:1], 20, axis=0))
    with pytest.raises(ValueError, match="mean face"):
        evaluation.score_pair(idle_comb(), "Marco", still, still.truth[0])


def test_half_of_the_expression_is_half_of_the_skill(paired, marcos_mean):
    face = np.broadcast_to(marcos_mean, paired.truth.shape)
    images = {
        "swap": (paired.truth + face) / 2,
        "own": paired.truth,
        "mean": face,
        "truth": paired.truth,
    }
    found = evaluation.expression_scores(
        FakeReader(), images, paired.frame_parameters
    )
    assert found["expression_skill"] == pytest.approx(0.5, abs=1e-4)
    assert found["expression_own"] == pytest.approx(1, abs=1e-4)


def test_a_parameter_that_stands_still_is_left_out_and_named(
    paired, marcos_mean
):
    still = dict(paired.frame_parameters, blink=np.zeros(len(paired.truth)))
    score = evaluation.score_pair(
        perfect_comb(),
        "Marco",
        paired._replace(frame_parameters=still),
        marcos_mean,
        FakeReader(),
    )
    assert score["expression_left_out"] == ["blink"]
    assert "blink" not in score["expression"]
    nothing = dict.fromkeys(EXPRESSION_PARAMETERS, np.zeros(len(paired.truth)))
    with pytest.raises(ValueError, match="No frame parameter varies"):
        evaluation.score_pair(
            perfect_comb(),
            "Marco",
            paired._replace(frame_parameters=nothing),
            marcos_mean,
            FakeReader(),
        )


def test_retrieval_finds_what_is_there_and_guesses_at_chance_otherwise():
    random = np.random.default_rng(0)
    codes = random.normal(size=(600, 16)).astype(np.float32)
    noisy = codes + 0.05 * random.normal(size=codes.shape)
    assert evaluation.retrieval_share(codes, noisy) == 1
    strangers = random.normal(size=(600, 16))
    share = evaluation.retrieval_share(codes, strangers)
    assert share < 4 * 5 / 120


def test_retrieval_standardises_each_dimension():
    random = np.random.default_rng(1)
    codes = random.normal(size=(120, 8))
    noisy = codes + 0.05 * random.normal(size=codes.shape)
    noise = 1000 * random.normal(size=(2, 120, 1))
    one = np.concatenate([codes, noise[0]], axis=1)
    other = np.concatenate([noisy, noise[1]], axis=1)
    assert evaluation.retrieval_share(one, other) > 0.9


def test_retrieval_refuses_what_does_not_pair():
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(4, 2\)"):
        evaluation.retrieval_share(np.zeros((3, 2)), np.zeros((4, 2)))


class FakeFaceSet(FaceSet):
    """`FaceSet` of `film`'s crops, without a disk."""

    def __init__(self, identity, rows=None, take="test_000.mp4", aside=0):
        self.identity = identity
        self.contract = manifests.data_contract(coverage=1.0)
        self.rows = np.arange(FRAMES) if rows is None else np.array(rows)
        self.take = take
        self.aside = aside
        table = parameters_of(self.rows).tolist()
        self.records = [
            {
                "file": take,
                "frame": int(row),
                "split": "train" if row < FRAMES // 2 else "test",
                "matrix": [[1, 0, aside], [0, 1, 0]],
                "frame_parameters": dict(
                    zip(EXPRESSION_PARAMETERS, values, strict=True)
                ),
            }
            for row, values in zip(self.rows, table, strict=True)
        ]

    def select(self, split):
        half = FRAMES // 2
        chosen = self.rows < half if split == "train" else self.rows >= half
        return FakeFaceSet(
            self.identity, self.rows[chosen], self.take, self.aside
        )

    def __len__(self):
        return len(self.rows)

    def pick(self, rows):
        return FakeFaceSet(
            self.identity, self.rows[rows], self.take, self.aside
        )

    def load_crops(self, size=None):
        return self._stored(film(self.identity, self.rows), size)

    def load_masks(self, size=None):
        masks = (masks_of(len(self.rows)) * 255).astype(np.uint8)
        return self._stored(masks, size)

    def _stored(self, pictures, size):
        if size is None:  # as stored
            larger = self.contract["crop_size"] // SIZE
            return pictures.repeat(larger, axis=1).repeat(larger, axis=2)
        assert size == SIZE
        return pictures

    def pairs(self, other):
        if other.take != self.take:
            return []
        there = {int(row): index for index, row in enumerate(other.rows)}
        return [
            (index, there[int(row)])
            for index, row in enumerate(self.rows)
            if int(row) in there
        ]


def test_every_ordered_pair_is_scored_on_test_takes_and_averaged():
    face_sets = {name: FakeFaceSet(name) for name in COLORS}
    scores = evaluation.swap_scores(perfect_comb(), face_sets, FakeReader())
    pairs = {(pair["source"], pair["target"]) for pair in scores["pairs"]}
    assert len(pairs) == len(scores["pairs"]) == 6
    assert all(pair["frames"] == FRAMES // 2 for pair in scores["pairs"])
    # cutting whole crops small rounds a little
    assert scores["swap_skill"] == pytest.approx(1, abs=1e-4)
    assert scores["expression_skill"] == pytest.approx(1, abs=1e-4)
    skills = [pair["unchanged_skill"] for pair in scores["pairs"]]
    assert scores["unchanged_skill"] == pytest.approx(np.mean(skills))


def test_the_truth_is_cut_where_the_swap_will_be_pasted():
    larger = manifests.data_contract()["crop_size"] // SIZE
    source = FakeFaceSet("Marco", [0, 1])
    target = FakeFaceSet("Lena", [0, 1], aside=2 * larger)
    truth, masks = evaluation.truth_of(perfect_comb(), source, target)
    own = film("Marco", source.rows)
    # the target's crop shows the photo's left edge two pixels further right
    np.testing.assert_allclose(truth[:, :, 2:], own[:, :, :-2], atol=1e-3)
    np.testing.assert_allclose(masks[:, :, 2:], masks_of(2)[:, :, :-2])
    assert not masks[:, :, :2].any()  # nothing was stored there


def filing_comb():
    """Files each identity 50 numbers apart; a decoder knows its own place."""
    places = {name: 50 * index for index, name in enumerate(COLORS)}

    def encode(crops):
        rows = (crops[:, 0, 0, :1] * 255).round()
        names = np.array(list(COLORS))
        distance = np.abs(crops[:, 4, 4, :1] - np.array(list(COLORS.values())))
        place = [[places[name]] for name in names[distance.argmin(axis=1)]]
        return rows + np.array(place)

    def decode(codes, source):
        rows = codes[:, 0].round().astype(int) - places[source]
        # a little off, as a ratio to a perfect reconstruction says nothing
        return film(source, rows.clip(0, FRAMES - 1)) + np.float32(1e-4)

    return fake_comb(encode, decode)


def test_latents_moved_to_the_sources_place_are_understood_there():
    face_sets = {name: FakeFaceSet(name) for name in ("Marco", "Lena")}
    comb = filing_comb()
    lost = evaluation.swap_scores(comb, face_sets)
    comb.shifts.update({("Marco", "Lena"): -50.0, ("Lena", "Marco"): 50.0})
    found = evaluation.swap_scores(comb, face_sets)
    assert lost["ceiling"] == found["ceiling"] == pytest.approx(1, abs=0.02)
    assert lost["swap_skill"] < 0
    assert found["swap_skill"] == pytest.approx(1, abs=0.02)


def test_the_way_back_of_a_cycle_takes_the_shift_off_again(paired):
    comb = filing_comb()
    arguments = comb, paired.target, paired.masks, "Marco", "Lena"
    lost = evaluation.cycle_error(*arguments)["cycle_error"]
    found = evaluation.cycle_error(*arguments, shift=-50)["cycle_error"]
    assert found == pytest.approx(0, abs=1e-3) and lost > 0.01


def test_no_more_frames_are_scored_than_asked_for():
    face_sets = {name: FakeFaceSet(name) for name in ("Marco", "Lena")}
    scores = evaluation.swap_scores(perfect_comb(), face_sets, most=7)
    assert [pair["frames"] for pair in scores["pairs"]] == [7, 7]


def test_the_matrix_draws_unseen_moments_of_everybody_as_everybody():
    face_sets = {name: FakeFaceSet(name) for name in ("Lena", "Marco")}
    comb = perfect_comb()
    targets, swaps = evaluation.swap_matrix(comb, face_sets)
    assert list(targets) == ["Lena", "Marco"]
    assert list(swaps) == list(comb.identities)
    # a third and two thirds into the unseen half
    rows = [FRAMES // 2 + 6, FRAMES // 2 + 13]
    for (name, crop), row in zip(targets.items(), rows, strict=True):
        np.testing.assert_allclose(crop, film(name, [row])[0], atol=1 / 255)
    for source, drawn in swaps.items():
        np.testing.assert_allclose(drawn, film(source, rows), atol=1e-6)


def test_people_without_common_takes_have_no_truth():
    face_sets = {
        "Marco": FakeFaceSet("Marco"),
        "Lena": FakeFaceSet("Lena", take="holiday.mp4"),
    }
    with pytest.raises(ValueError, match="share no test frame"):
        evaluation.swap_scores(perfect_comb(), face_sets)


def test_one_identity_or_another_contract_is_refused():
    with pytest.raises(ValueError, match="two identities"):
        evaluation.swap_scores(perfect_comb(), {"Lena": FakeFaceSet("Lena")})
    face_sets = {name: FakeFaceSet(name) for name in ("Marco", "Lena")}
    face_sets["Lena"].contract = manifests.data_contract(coverage=0.7)
    with pytest.raises(manifests.ContractError, match="coverage"):
        evaluation.swap_scores(perfect_comb(), face_sets)


def test_a_comb_that_loses_nothing_new_comes_back_from_a_cycle(paired):
    comb = fake_comb(
        lambda crops: crops.reshape(len(crops), -1) * np.float32(0.99),
        idle_comb().decode,
    )
    found = evaluation.cycle_error(
        comb, paired.target, paired.masks, "Marco", "Lena"
    )
    # each way costs one hundredth, and there are two
    assert found["cycle_ratio"] == pytest.approx(1.99, abs=1e-3)


def test_a_source_that_forgets_the_expression_shows_in_the_cycle(paired):
    def decode(codes, source):
        images = codes.reshape(-1, SIZE, SIZE, 3).copy()
        if source == "Marco":
            images[:] = images.mean(axis=0)
        return images + np.float32(0.01)

    comb = fake_comb(lambda crops: crops.reshape(len(crops), -1), decode)
    found = evaluation.cycle_error(
        comb, paired.target, paired.masks, "Marco", "Lena"
    )
    assert found["own_error"] == pytest.approx(0.01, abs=1e-5)
    assert found["cycle_ratio"] > 2


@pytest.fixture(scope="module")
def small_reader():
    model = expression_reader.build_expression_reader(16)
    count = len(EXPRESSION_PARAMETERS)
    return expression_reader.ExpressionReader(
        model, np.arange(count), np.full(count, 2.0)
    )


def test_a_reader_reads_the_same_after_writing_and_reading(
    tmp_path, small_reader
):
    crops = np.random.default_rng(0).random((3, 16, 16, 3), dtype=np.float32)
    expression_reader.write_expression_reader(
        tmp_path, small_reader, parameters={"people": 1}, held_out=[]
    )
    again = expression_reader.read_expression_reader(tmp_path)
    np.testing.assert_array_equal(
        again.read_expressions(crops), small_reader.read_expressions(crops)
    )
    manifest = manifests.read_manifest(tmp_path, expression_reader.MADE_BY)
    assert manifest["names"] == list(EXPRESSION_PARAMETERS)


def test_a_reader_of_another_size_or_a_changed_file_is_refused(
    tmp_path, small_reader
):
    expression_reader.write_expression_reader(tmp_path, small_reader)
    path = tmp_path / "manifest.json"
    text = path.read_text()
    path.write_text(text.replace('"resolution": 16', '"resolution": 32'))
    with pytest.raises(ValueError, match="do not fit"):
        expression_reader.read_expression_reader(tmp_path)
    path.write_text(text)
    weights = tmp_path / "reader.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(ValueError, match="has changed"):
        expression_reader.read_expression_reader(tmp_path)
    with pytest.raises(FileNotFoundError, match="expression_reader"):
        expression_reader.read_expression_reader(tmp_path / "nowhere")


def test_what_lies_outside_the_window_is_not_read(small_reader):
    crops = np.random.default_rng(0).random((2, 16, 16, 3), dtype=np.float32)
    changed = crops.copy()
    outside = expression_reader.reader_window(16)[..., 0] == 0
    assert 0.1 < outside.mean() < 0.6
    changed[:, outside] = 1
    np.testing.assert_allclose(
        small_reader.read_expressions(changed),
        small_reader.read_expressions(crops),
        atol=1e-6,
    )


def test_crops_of_any_size_are_read(small_reader):
    crops = np.full((1, 16, 16, 3), 0.4, np.float32)
    larger = np.full((1, 64, 64, 3), 0.4, np.float32)
    np.testing.assert_allclose(
        small_reader.read_expressions(larger),
        small_reader.read_expressions(crops),
        atol=1e-5,
    )
    with pytest.raises(ValueError, match="resolution=20"):
        expression_reader.build_expression_reader(20)


def test_the_shared_reader_reads_a_person_it_has_never_seen():
    reader = expression_reader.read_expression_reader()
    contract = manifests.data_contract()
    person = synthetic.Person(synthetic.random_identity(70_000))
    frames = [
        frame
        for seed in range(8)
        for frame in synthetic.sample_take(60, seed=seed)[::20]
    ]
    crops = []
    for frame in frames:
        film = synthetic.render(person, frame, 128)
        matrix = network_matrix(
            alignment.crop_matrix(film["landmarks"], contract), 256, 1.0, 80
        )
        crops.append(cut_crop(film["image"], matrix, 80))
    crops = cut_network_crops(np.array(crops), 0.8, 64)
    readings = reader.read_expressions(crops)
    for name in ("yaw", "jaw", "gaze_x"):
        column = EXPRESSION_PARAMETERS.index(name)
        truth = [frame[name] for frame in frames]
        assert np.corrcoef(readings[:, column], truth)[0, 1] > 0.85
