"""Whose face is it: face sets in, a small classifier that judges pictures out.

A logistic regression on principal components. It was never part of a comb,
and it is trained on real crops alone, so it cannot be flattered by a decoder.

It must not know people by their collar, wall or lamp. So it looks only at what
a swap replaces, in grey and with the light taken out, and half of what it is
trained on shows the face in another crop's surroundings. In colour it is right
about every held-out crop and lost on a swap, which wears the target's colours.
"""

import cv2
import numpy as np
from sklearn import decomposition, linear_model, pipeline

from helpers import alignment, augmentation, blending, masks
from helpers.crops import cut_crop, cut_network_crops
from helpers.faces.face_set import evenly
from helpers.faces.tracks import has_face
from helpers.footage import media

# Side of the pictures it looks at: coarse, so that how sharply a comb draws
# does not matter.
RESOLUTION = 32
COMPONENTS = 60
# The edge of what it looks at, drawn in and softened as shares of the crop's
# side: well inside of what a swap replaces.
ERODE_SHARE = 0.07
FEATHER_SHARE = 0.025
REGULARISATION = 0.01  # scikit-learn's C: small is smooth
VIEWS = 8  # of a crop, all different
LIGHT = 4.0  # what is broader than this many pixels is taken for light
# What pasted swaps differ in from crops: place, light and sharpness.
OPTIONS = {"rotation": 6.0, "zoom": 0.06, "shift": 0.04, "light": 0.1}
LARGEST_BLUR = 1.0  # standard deviation in pixels of the judged picture


class IdentityJudge:
    """A trained classifier with the contract of the crops it can judge.

    Args:
        classifier: scikit-learn pipeline with `predict_proba`.
        contract: dict, the data contract of the crops.
    """

    def __init__(self, classifier, contract):
        self.classifier = classifier
        self.contract = contract
        self.identities = tuple(str(name) for name in classifier.classes_)

    def probabilities(self, crops):
        """Whose face each crop shows.

        Args:
            crops: uint8 array, 0-255, or float array, 0-1, shape `(faces,
                size, size, 3)`. Whole stored crops, of any size.

        Returns:
            float64 array, shape `(faces, identities)`, in the order of
            `identities`; rows sum to 1.
        """
        seen = cut_network_crops(crops, self.contract["coverage"], RESOLUTION)
        return self.classifier.predict_proba(_features(seen, self.contract))

    def score(self, crops, identity):
        """How surely crops show one identity.

        Args:
            crops: see `probabilities`.
            identity: str.

        Returns:
            dict of floats: `identity_share`, the share of crops whose most
            likely identity is this one, and `identity_margin`, the mean of
            its probability less the highest of the others, -1 to 1.

        Raises:
            ValueError: if the judge does not know this identity, or if there
                is no crop.
        """
        margins = self.margins(crops, identity)
        return {
            "identity_share": float(np.mean(margins > 0)),
            "identity_margin": float(np.mean(margins)),
        }

    def margins(self, crops, identity):
        """How surely each crop shows one identity.

        Args:
            crops: see `probabilities`.
            identity: str.

        Returns:
            float64 array, shape `(faces,)`, the identity's probability less
            the highest of the others, -1 to 1.

        Raises:
            ValueError: see `score`.
        """
        if identity not in self.identities or not len(crops):
            raise ValueError(
                f"This judge knows {', '.join(self.identities)} and needs at "
                f"least one crop. Received: identity={identity!r}, "
                f"{len(crops)} crops. Train it on the face sets of everybody "
                "it is asked about."
            )
        probabilities = self.probabilities(crops)
        column = self.identities.index(identity)
        others = np.delete(probabilities, column, axis=1).max(axis=1)
        return probabilities[:, column] - others


def train_identity_judge(face_sets, most=150, seed=0):
    """A judge trained on the training crops of face sets.

    Args:
        face_sets: dict from identity to its `FaceSet`, at least two.
            More people than a comb's make the question harder and the answer
            worth more.
        most: int. Crops of each identity at most, evenly spread.
        seed: int.

    Returns:
        `IdentityJudge`.

    Raises:
        ValueError: if there are fewer than two identities, or if one has no
            training crop.
    """
    trained = {
        name: face_set.select("train") for name, face_set in face_sets.items()
    }
    counts = {name: len(face_set) for name, face_set in trained.items()}
    if len(trained) < 2 or not all(counts.values()):
        raise ValueError(
            "A judge tells at least two identities apart, each with training "
            f"crops. Received: {counts}"
        )
    first = next(iter(trained.values()))
    contract, size = first.contract, first.size_for(RESOLUTION)
    loaded = {}
    for name, face_set in trained.items():
        looked_at = face_set.pick(evenly(len(face_set), most))
        loaded[name] = looked_at.load_crops(size)
    views, names = _sample_views(loaded, contract, seed)
    features = _features(views, contract)
    components = min(COMPONENTS, *features.shape)
    classifier = pipeline.make_pipeline(
        decomposition.PCA(components, whiten=True, random_state=seed),
        linear_model.LogisticRegression(C=REGULARISATION, max_iter=1000),
    )
    return IdentityJudge(classifier.fit(features, names), contract)


def name_tracks(video_path, tracks, judge, most=8):
    """Who is followed: the way to give each face of a video its own source.

    Args:
        video_path: str or path.
        tracks: list of `FaceTrack` of this video.
        judge: `IdentityJudge`.
        most: int. Frames of each track that are looked at, evenly spread.

    Returns:
        list with a tuple `(identity, probability)` for each track: who it most
        likely is, and the mean over these frames; `(None, 0.0)` for a track
        without a face. A judge knows nobody else, so a stranger gets a name,
        too, mostly with a low probability.

    Raises:
        FileNotFoundError: if there is no such video.
        MediaError: if the video cannot be read as far as the tracks go.
        ValueError: if there is no track.
    """
    if not tracks:
        raise ValueError("At least one track is needed. Received: none")
    wanted = []
    for track in tracks:
        shown = np.flatnonzero(has_face(track.landmarks))
        wanted.append({int(shown[n]) for n in _evenly_spread(shown, most)})
    last = max((max(frames) for frames in wanted if frames), default=-1)
    seen = [[] for _ in tracks]
    # the whole crop at the judge's size, and no larger
    size = round(RESOLUTION / judge.contract["coverage"])
    for index, _, frame in media.read_frames(video_path, stop=last + 1):
        for crops, frames, track in zip(seen, wanted, tracks, strict=True):
            if index in frames:
                contract = {**judge.contract, "crop_size": size}
                matrix = alignment.crop_matrix(track.landmarks[index], contract)
                crops.append(cut_crop(frame, matrix, size))
    names = []
    for crops in seen:
        if not crops:
            names.append((None, 0.0))
            continue
        mean = judge.probabilities(np.stack(crops)).mean(axis=0)
        best = int(mean.argmax())
        names.append((judge.identities[best], float(mean[best])))
    return names


def _evenly_spread(rows, most):
    return evenly(len(rows), most) if len(rows) else []


def _sample_views(loaded, contract, seed):
    """Views of all crops, shape `(views, side, side, 3)`, and whose each is."""
    random = np.random.default_rng(seed)
    everybody = np.concatenate(list(loaded.values())).astype(np.float32) / 255
    size = everybody.shape[1]
    inside = _pasted_part(contract)
    inside = cv2.resize(inside, (size, size), interpolation=cv2.INTER_AREA)
    views, names = [], []
    # whoever was filmed most is not the likeliest
    count = VIEWS * max(len(crops) for crops in loaded.values())
    for name, crops in loaded.items():
        for index in range(count):
            crop = crops[index % len(crops)].astype(np.float32) / 255
            if random.random() < 0.5:
                other = everybody[random.integers(len(everybody))]
                crop = blending.blend_crop(crop, other, inside)
            view = augmentation.sample_view(
                random, size, contract["coverage"], RESOLUTION, OPTIONS
            )
            crop = augmentation.cut_view(crop, view, RESOLUTION)
            blur = random.uniform(0.1, LARGEST_BLUR)
            crop = cv2.GaussianBlur(crop, (0, 0), blur)
            light = augmentation.sample_light(random, OPTIONS["light"])
            views.append(augmentation.change_light(crop, light))
            names.append(name)
    return np.stack(views), names


def _pasted_part(contract):
    """What a swap replaces of a stored crop, shape `(size, size)`, 0-1."""
    face = masks.face_mask(contract["crop_size"], contract)
    return masks.soften_mask(face, ERODE_SHARE, FEATHER_SHARE)


def _features(crops, contract):
    """Fine grey structure of the face, each crop with the same contrast.

    Args:
        crops: float32 array, shape `(faces, side, side, 3)`, 0-1.
        contract: dict, the data contract.

    Returns:
        float array, shape `(faces, pixels)`, mean 0 and deviation 1 in each.
    """
    window = cut_network_crops(
        _pasted_part(contract)[None], contract["coverage"], crops.shape[1]
    )[0]
    grey = crops.mean(axis=-1)
    # light and shade are broad: what is left are the features
    fine = [each - cv2.GaussianBlur(each, (0, 0), LIGHT) for each in grey]
    pixels = np.stack(fine)[:, window > 0.9]
    pixels = pixels - pixels.mean(axis=1, keepdims=True)
    return pixels / (pixels.std(axis=1, keepdims=True) + 1e-6)
