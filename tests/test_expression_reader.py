"""The reader of expressions: what it reads, and what it learns from."""

import cv2
import keras
import numpy as np
import pytest

from benchmarks import expression_reader as training
from helpers import alignment, synthetic
from helpers.crops import cut_crop, cut_network_crops, network_matrix
from helpers.faces.readers import expression_reader
from helpers.files import manifests
from helpers.proof import expression_skill
from helpers.proof.scores import mean_face
from helpers.synthetic.frame import EXPRESSION_PARAMETERS

YAW = EXPRESSION_PARAMETERS.index("yaw")
JAW = EXPRESSION_PARAMETERS.index("jaw")
CEILING = 0.7


def test_a_mirrored_picture_reads_as_mirrored():
    model = expression_reader.build_expression_reader(16)
    count = len(EXPRESSION_PARAMETERS)
    reader = expression_reader.ExpressionReader(
        model, np.zeros(count), np.ones(count)
    )
    crops = np.random.default_rng(0).random((3, 16, 16, 3), dtype=np.float32)
    readings, turned = (
        reader.read_expressions(crops),
        reader.read_expressions(crops[:, :, ::-1]),
    )
    signs = np.ones(count)
    signs[[YAW, EXPRESSION_PARAMETERS.index("gaze_x")]] = -1
    assert np.abs(readings).min() > 0
    np.testing.assert_allclose(turned, readings * signs, atol=1e-5)


def test_a_render_is_cut_where_the_template_wants_its_landmarks():
    picture = np.zeros((192, 192), np.uint8)
    landmarks = np.array([[70, 80], [106, 78], [90, 98], [75, 118], [104, 119]])
    for x, y in landmarks:
        cv2.circle(picture, (int(x), int(y)), 3, 255, -1)
    crop = training._cut(picture, landmarks).astype(float)
    size = training.CROP_SIZE
    assert crop.shape == (size, size)
    wanted = alignment.template_points(manifests.data_contract(), size)
    rows, columns = np.mgrid[:size, :size]
    for x, y in wanted:
        near = crop * (np.hypot(columns - x, rows - y) < 5)
        assert (near * columns).sum() / near.sum() == pytest.approx(x, abs=1)
        assert (near * rows).sum() / near.sum() == pytest.approx(y, abs=1)


def test_faces_that_are_not_detected_are_left_out(monkeypatch):
    class Blind:
        def detect(self, images):
            points = np.array(
                [[77, 80], [115, 80], [96, 100], [80, 125], [112, 125]]
            )
            seen = [{"landmarks": points}]
            return [seen if index % 2 else [] for index in range(len(images))]

    monkeypatch.setattr(training, "_detector", Blind)
    crops, masks, values = training.render_people(1, 1, 5, True, 1)
    size = training.CROP_SIZE
    assert crops.shape == (2, size, size, 3) and crops.dtype == np.uint8
    assert masks.shape == (2, size, size) and masks.max() > 200
    assert values.shape == (2, len(EXPRESSION_PARAMETERS))


def test_spoilt_crops_stay_in_range_and_turn_with_their_values():
    count, size = 2 * training.BATCH + 3, training.CROP_SIZE
    # who looks to the right is bright on the right, whatever is done outside
    crops = np.full((count, size, size, 3), 40, np.uint8)
    crops[::2, :, size // 2 :] = 220
    crops[1::2, :, : size // 2] = 220
    masks = np.full((count, size, size), 255, np.uint8)
    values = np.zeros((count, len(EXPRESSION_PARAMETERS)), np.float32)
    values[:, YAW] = np.where(np.arange(count) % 2, -9, 9)
    values[:, JAW] = 0.5
    scaling = np.zeros(values.shape[1]), np.full(values.shape[1], 3.0)
    data = training.SpoiltCrops(crops, masks, values, scaling, seed=0)
    assert len(data) == 2
    kept = crops.copy()
    images, wanted = data[0]
    side = training.RESOLUTION
    assert images.shape == (training.BATCH, side, side, 3)
    assert images.min() >= 0 and images.max() <= 1
    brighter = images[:, :, side // 2 :].mean((1, 2, 3)) > images[
        :, :, : side // 2
    ].mean((1, 2, 3))
    np.testing.assert_array_equal(np.where(brighter, 3, -3), wanted[:, YAW])
    np.testing.assert_allclose(wanted[:, JAW], 0.5 / 3, rtol=1e-6)
    np.testing.assert_array_equal(crops, kept)  # the renders stay as they are


@pytest.fixture(scope="module")
def unseen():
    """Forty frames of somebody new, as the detector aligns them."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("MTCNN runs on TensorFlow only")
    crops, _, values = training.render_people(70_001, 1, 40, True, 1)
    network = cut_network_crops(crops, training.COVERAGE, training.RESOLUTION)
    return network, values


def scores(unseen, swap, truth=None):
    crops, values = unseen
    images = {
        "swap": swap,
        "own": swap,
        "truth": crops if truth is None else truth,
        "mean": np.broadcast_to(mean_face(crops), crops.shape),
    }
    return expression_skill.score_expression(
        expression_reader.read_expression_reader(),
        images,
        dict(zip(EXPRESSION_PARAMETERS, values.T, strict=True)),
    )


def test_the_shared_reader_knows_the_truth_sharp_and_blurred(unseen):
    crops = unseen[0]
    soft = np.stack([cv2.GaussianBlur(crop, (0, 0), 1) for crop in crops])
    score = scores(unseen, soft)
    assert score["expression_ceiling"] > CEILING
    assert score["expression_skill"] > score["expression_ceiling"] - 0.1


def test_the_shared_reader_is_not_fooled(unseen):
    crops = unseen[0]
    still = np.broadcast_to(crops[:1], crops.shape)
    mean = np.broadcast_to(mean_face(crops), crops.shape)
    assert scores(unseen, mean)["expression_skill"] == pytest.approx(0)
    # a sharp face that does something else is worse than a still blurred one
    assert scores(unseen, np.roll(crops, 13, 0))["expression_skill"] < 0.1
    assert scores(unseen, still)["expression_skill"] < 0.1


def test_training_goes_on_from_a_reader_in_its_scaling():
    random = np.random.default_rng(0)
    count, size = training.BATCH, training.CROP_SIZE
    crops = random.integers(0, 255, (count, size, size, 3), dtype=np.uint8)
    masks = np.full((count, size, size), 255, np.uint8)
    values = random.random((count, len(EXPRESSION_PARAMETERS)), np.float32)
    start = expression_reader.read_expression_reader()
    means, scales = start.means.copy(), start.scales.copy()
    before = start.model.get_weights()
    reader = training.train_reader(crops, masks, values, 1, 0, start)
    np.testing.assert_array_equal(reader.means, means)
    np.testing.assert_array_equal(reader.scales, scales)
    moved = [
        np.abs(new - old).mean() / (np.abs(old).mean() + 1e-3)
        for new, old in zip(reader.model.get_weights(), before, strict=True)
    ]
    # every weight learns, and one step forgets nothing
    assert min(moved) > 0 and max(moved) < 0.1


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
    with pytest.raises(ValueError, match="of another size"):
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
