"""What masks do for a swap: what stands before a face stays there.

    python -m benchmarks.masks
    python -m benchmarks.masks --decoder-people 150

People whom the face mask was never trained on, with things before their faces.
First a comb that draws a green face is pasted, and it is counted how much of
the things, inside the face, stays as it was (`occluder_kept_share`), and how
much of the egg is left of bare faces (`face_kept_share`). Then masks are
compared with the renderer's truth (intersection over union), and swaps of a
perfect comb with the true frame (mean absolute error of the inner face and of
what stands before it, RGB 0-1). The rules:

- `egg`: as it was, brows to chin by the head's turn;
- `egg bare`: less what the network sees before the face;
- `points`: brows to jaw by the 68 points (`landmark_mask.landmark_mask`);
- `points bare`: less what the network sees before the face;
- `outline bare`: the network's own outline, less that;
- `visible face`: what is shipped, the outline within the egg, less that;
- `latents`: with `--decoder-people`, a mask decoder beside the colour decoder,
  on the frozen latents of `weights/shared/crowd_64`, trained on the same faces.

Last comes one line of JSON.
"""

import argparse
import functools
import json
import time
import types

import cv2
import keras
import numpy as np
from keras import layers

from benchmarks import face_mask as training
from benchmarks.parts import landmark_mask
from helpers import alignment, compositing, synthetic
from helpers.crops import (
    cut_crop,
    cut_network_crops,
    matrix_for,
    network_matrix,
)
from helpers.crowd import Crowd
from helpers.faces.readers import face_landmarks, face_mask
from helpers.files import manifests
from helpers.swap import swapping, visible_face, worn_glasses
from helpers.swapper import Swapper
from helpers.synthetic import occluders
from helpers.training import bundles, optimizers

CONTRACT = manifests.data_contract()
SHARED = manifests.project_root() / "weights/shared/crowd_64"
KINDS = ("none", "bar", "blob", "hand", "hair", "cloth", "cap", "glasses")
FIRST_PERSON = 95_000  # of those whom no network has seen
# a person's own glasses, in cm; thin ones are filmed at a footage's own size
WORN = {"worn": 0.2, "thin": 0.1}
FRAME, FINE_FRAME = 256, 512
FINE = ("thin", "wire")
LATENT_SIDE = 64
VIEWS = 1  # of each face, for the decoder of latents
DECODER_EPOCHS = 20


class GreenComb(Swapper):
    """Draws one colour: what is swapped cannot be overlooked."""

    identities = ("green",)
    resolution = 64
    contract = CONTRACT

    def swap(self, crops, source, batch_size=64):
        return np.broadcast_to(np.float32([0, 1, 0]), crops.shape).copy()


def scenes(people, kinds=KINDS, first=FIRST_PERSON):
    """People with things before their faces, and what a swap should show.

    Args:
        people: int.
        kinds: sequence of `"none"`, kinds of `WORN` (the person's own
            glasses) or of `occluders.OCCLUDERS`.
        first: int. Number of the first person.

    Yields:
        dict with `kind`, `image`, `landmarks`, `cover` (of the thing), `mask`
        (of the inner face, as if nothing stood before it), `bare` (inner face
        less the thing) and `truth` (the true swap).
    """
    for number in range(first, first + people):
        identity = synthetic.random_identity(number)
        identity["glasses"] = None
        other = synthetic.random_identity(number + 1000)
        swapped = synthetic.true_swap_identity(other, identity, "target")
        frame = synthetic.sample_take(60, seed=number, max_yaw=30)[30]
        shown = {}
        for kind in kinds:
            look = WORN.get(kind), FINE_FRAME if kind in FINE else FRAME
            if look not in shown:
                worn = look[0] and {"thickness": look[0]}
                shown[look] = [
                    synthetic.render(
                        synthetic.Person({**who, "glasses": worn}),
                        frame,
                        look[1],
                        geometry=True,
                    )
                    for who in (identity, swapped)
                ]
            shot, true = shown[look]
            image, cover = shot["image"], shot["glasses"]
            if kind in occluders.OCCLUDERS:
                image, cover = occluders.occlude(
                    image, shot["landmarks"], kind, number, frame
                )
            share = cover[..., None]
            truth = image * share + true["image"] * (1 - share)
            yield {
                "kind": kind,
                "image": image,
                "landmarks": shot["landmarks"],
                "cover": cover,
                "mask": shot["mask"],
                "bare": shot["mask"] * (1 - cover),
                "truth": truth,
            }


def kept_shares(scene, occlusion, comb=None):
    """How much of a scene a comb that draws green leaves as it was.

    Args:
        scene: dict of `scenes`.
        occlusion: see `visible_face.MaskMaker`.
        comb: comb that draws green, or `None` for `GreenComb`.

    Returns:
        float arrays, shape `(height, width)`, 0-1: share of the frame's own
        picture in each pixel; and share of the egg's, which knows of nothing
        before the face.
    """
    comb = comb or GreenComb()
    kept = []
    for mode in (occlusion, "none"):
        swap = swapping.swap_frame(
            comb,
            scene["image"],
            scene["landmarks"],
            "green",
            color="none",
            blend="alpha",
            occlusion=mode,
        )
        before = np.float32(scene["image"])
        whole = np.abs(np.float32([0, 255, 0]) - before).sum(axis=-1)
        changed = np.abs(np.float32(swap.frame) - before).sum(axis=-1)
        kept.append(1 - changed / whole)
    return kept


def in_frame(mask, landmarks, shape):
    """A mask of the network's square, in the frame's pixels, linear."""
    matrix = matrix_for(landmarks, CONTRACT, len(mask))
    return cv2.warpAffine(
        mask,
        matrix,
        shape[1::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )


def masks_of(scene, network, latent_masks=None):
    """Hard masks of every rule, and the soft ones to paste along.

    Returns:
        dict from rule to two float arrays, shape `(side, side)`, 0-1.
    """
    comb = types.SimpleNamespace(
        contract=CONTRACT, resolution=network.resolution
    )
    (egg, crop), (soft, _) = (
        visible_face.MaskMaker(comb, mode).look_at_face(
            scene["image"], scene["landmarks"]
        )
        for mode in ("learned", "none")
    )
    readings = {"outline": network.read_masks(crop[None])[0]}
    if latent_masks is not None:
        readings["latents"] = cv2.resize(latent_masks(crop[None])[0], egg.shape)
    everywhere = np.ones_like(egg)
    hull = points_mask(scene, network.resolution)

    def shown(shares, region):
        strength = worn_glasses.frame_strength(shares[..., 2])
        worn = worn_glasses.are_worn([strength])
        return visible_face.visible_face(shares[None], region[None], worn)[0]

    rules = {"egg": (egg, soft)}
    for name, shares in readings.items():
        bare = np.stack((everywhere, *shares[..., 1:].transpose(2, 0, 1)), -1)
        hard = np.minimum(egg, shares[..., 0]) * (shares[..., 1] > 0.5)
        rules[name] = hard, shown(shares, egg)
        if name == "outline":
            rules["visible face"] = rules.pop(name)
            rules["egg bare"] = egg * (shares[..., 1] > 0.5), shown(bare, soft)
            rules["points"] = hull, hull
            rules["points bare"] = (
                hull * (shares[..., 1] > 0.5),
                shown(bare, hull),
            )
            rules["outline bare"] = (
                shares[..., 0] * (shares[..., 1] > 0.5),
                shown(shares, everywhere),
            )
    return rules


@functools.cache
def landmark_reader():
    return face_landmarks.read_face_landmarks()


def points_mask(scene, side):
    """The face by its 68 points, in the network's square."""
    whole = alignment.crop_matrix(scene["landmarks"], CONTRACT)
    crop = cut_crop(scene["image"], whole, CONTRACT["crop_size"])
    points = landmark_reader().landmarks(crop[None])[0]
    square = network_matrix(
        np.eye(2, 3), CONTRACT["crop_size"], CONTRACT["coverage"], side
    )
    points = alignment.transform_points(square, points)
    return landmark_mask.landmark_mask(points, side)


def compare_rules(people, network, latent_masks=None):
    """Overlap with the truth, and error of a perfect comb's swap, by rule.

    Returns:
        dict from rule to a dict from kind to `(iou, error)`, means.
    """
    figures = {}
    for scene in scenes(people):
        side = network.resolution
        matrix = matrix_for(scene["landmarks"], CONTRACT, side)
        crop, face = (
            cut_crop(picture, matrix, side) / np.float32(255)
            for picture in (scene["image"], np.uint8(scene["truth"] + 0.5))
        )
        true = cv2.warpAffine(scene["bare"], matrix, (side, side)) > 0.5
        for rule, (hard, soft) in masks_of(
            scene, network, latent_masks
        ).items():
            inside = hard > 0.5
            overlap = (inside & true).sum() / max(1, (inside | true).sum())
            # a decoder draws a whole face, also where a hand is
            drawn = np.where(true[..., None], face, _plain_skin(face, true))
            after = compositing.composite_face(
                scene["image"], np.float32(drawn), crop, matrix, soft
            )
            off = np.abs(np.float32(after) - scene["truth"]).mean(axis=-1)
            error = (off * scene["mask"]).sum() / scene["mask"].sum() / 255
            figures.setdefault(rule, {}).setdefault(scene["kind"], []).append(
                (overlap, error)
            )
    return {
        rule: {kind: np.mean(pairs, axis=0) for kind, pairs in kinds.items()}
        for rule, kinds in figures.items()
    }


def _plain_skin(face, true):
    """Colour of a face where something stood before it."""
    return np.median(face[true], axis=0) if true.any() else face.mean((0, 1))


def count_kept(people):
    """Shares of things and of bare faces that stay, with and without.

    Returns:
        Two dicts from kind to a share of pixels: of things, with `"learned"`
        and with `"none"`, and one float: of the egg on bare faces.
    """
    kept, before, faces = {}, {}, []
    kinds = (*KINDS, *WORN, "wire")
    for scene in scenes(people, kinds):
        learned, egg = kept_shares(scene, "learned")
        if scene["kind"] == "none":
            faces.append((1 - learned).sum() / (1 - egg).sum())
            continue
        covered = (scene["cover"] > 0.5) & (scene["mask"] > 0.5)
        kept.setdefault(scene["kind"], []).append(learned[covered])
        before.setdefault(scene["kind"], []).append(egg[covered])
    kept, before = (
        {
            kind: float(np.concatenate(pixels).mean())
            for kind, pixels in part.items()
        }
        for part in (kept, before)
    )
    return kept, before, float(np.mean(faces))


def milliseconds(network, faces=16, rounds=20):
    """Shortest time a face in a batch: the network alone, and the masks."""
    scene = next(scenes(1, ("hand",)))
    comb = types.SimpleNamespace(contract=CONTRACT, resolution=64)
    maker = visible_face.MaskMaker(comb, "learned")

    def make():
        looks = [maker.look_at_face(scene["image"], scene["landmarks"])] * faces
        for _ in range(faces - 1):
            maker.look_at_face(scene["image"], scene["landmarks"])
        maker.make_masks(looks)

    _, crop = maker.look_at_face(scene["image"], scene["landmarks"])
    crops = np.repeat(crop[None], faces, axis=0)
    taken = []
    for work in (lambda: network.read_masks(crops), make):
        work()
        spent = []
        for _ in range(rounds):
            start = time.perf_counter()
            work()
            spent.append(time.perf_counter() - start)
        taken.append(1000 * min(spent) / faces)
    return taken


def train_latent_masks(people, processes):
    """A mask decoder on a crowd's frozen latents.

    Args:
        people: int. Of those whom the face mask was trained on.
        processes: int.

    Returns:
        Function from network crops to what `face_mask.FaceMask.read_masks`
        gives, shape `(faces, 64, 64, 3)`.
    """
    crowd = bundles.load_bundle(SHARED, (Crowd,))
    crops, truths = training.render_faces(
        training.FIRST_TRAINED, people, processes
    )
    random = np.random.default_rng(0)
    latents, wanted = [], []
    for _ in range(VIEWS):
        for start in range(0, len(crops), 512):
            views = [
                training.spoil(crop, truth, random)
                for crop, truth in zip(
                    crops[start : start + 512],
                    truths[start : start + 512],
                    strict=True,
                )
            ]
            seen, true = (np.stack(part) for part in zip(*views, strict=True))
            seen, true = (
                cut_network_crops(part, 1.0, LATENT_SIDE)
                for part in (seen, true)
            )
            latents.append(crowd.encode(seen))
            wanted.append(np.float16(true))
    latents, wanted = np.concatenate(latents), np.concatenate(wanted)
    decoder = _build_latent_decoder(latents.shape[1])
    steps = DECODER_EPOCHS * len(latents) // 64
    rate = keras.optimizers.schedules.CosineDecay(5e-3, steps, alpha=0.01)
    decoder.compile(optimizers.KernelMuon(rate), "binary_crossentropy")
    decoder.fit(
        latents, wanted, batch_size=64, epochs=DECODER_EPOCHS, verbose=2
    )

    def read(crops):
        crops = cut_network_crops(crops, 1.0, LATENT_SIDE)
        return decoder.predict(crowd.encode(crops), verbose=0)

    return read


def _build_latent_decoder(latent_dim):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((latent_dim,))
    features = layers.Dense(8 * 8 * 64)(inputs)
    features = layers.Reshape((8, 8, 64))(features)
    for width in (48, 32, 16):
        features = layers.LeakyReLU(negative_slope=0.1)(features)
        features = layers.Conv2D(4 * width, 3, padding="same")(features)
        features = keras.ops.depth_to_space(features, 2)
    features = layers.LeakyReLU(negative_slope=0.1)(features)
    count = len(face_mask.CHANNELS)
    shares = layers.Conv2D(count, 3, padding="same", activation="sigmoid")
    return keras.Model(inputs, shares(features), name="latent_masks")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument(
        "--decoder-people", type=int, default=0, help="0: no such decoder"
    )
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    network = face_mask.read_face_mask()
    alone, whole = milliseconds(network)
    latent_masks = None
    if options.decoder_people:
        latent_masks = train_latent_masks(
            options.decoder_people, options.processes
        )
    kept, before, faces = count_kept(options.people)
    print(f"{'':10}" + "".join(f"{kind:>9}" for kind in kept))
    for name, shares in (("kept", kept), ("egg alone", before)):
        print(f"{name:10}" + "".join(f"{v:9.3f}" for v in shares.values()))
    rules = compare_rules(options.people, network, latent_masks)
    line = {
        "occluder_kept_share": {k: round(v, 4) for k, v in kept.items()},
        "face_kept_share": round(faces, 4),
        "iou": {},
        "swap_error": {},
        "ms_network": round(alone, 2),
        "ms_masks": round(whole, 2),
    }
    for number, figure in enumerate(("iou", "swap_error")):
        print(f"{figure:14}" + "".join(f"{kind:>9}" for kind in KINDS))
        for rule, kinds in rules.items():
            values = [kinds[kind][number] for kind in KINDS]
            print(f"{rule:14}" + "".join(f"{value:9.4f}" for value in values))
            line[figure][rule] = round(float(np.mean(values)), 4)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
