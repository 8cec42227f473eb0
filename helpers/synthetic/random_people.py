"""People drawn by chance: a seed in, a dict of identity parameters out."""

import numpy as np

_RANDOM_SHAPES = (
    "face_width",
    "jaw_width",
    "chin_length",
    "chin_forward",
    "cheekbone",
    "cheek_fat",
    "forehead",
    "brow_ridge",
    "nose_length",
    "nose_width",
    "nose_forward",
    "nose_hump",
    "nose_upturn",
    "eye_gap",
    "eye_size",
    "eye_tilt",
    "eye_depth",
    "mouth_width",
    "upper_lip",
    "lower_lip",
    "ears",
)

_RANDOM_BEARDS = (
    "none",
    "none",
    "stubble",
    "short",
    "goatee",
    "full",
    "moustache",
)

_DARK_HAIR = ((22, 18, 17), (34, 24, 20), (48, 34, 26))
_ANY_HAIR = (
    (24, 18, 16),
    (44, 30, 22),
    (70, 46, 30),
    (110, 74, 42),
    (150, 112, 66),
    (140, 66, 30),
    (120, 114, 108),
)
_DARK_IRISES = ((40, 28, 20), (64, 44, 28))
_ANY_IRISES = ((60, 42, 28), (84, 60, 38), (84, 112, 130), (84, 110, 80))


def random_identity(seed):
    """Parameters of a person drawn by chance.

    Args:
        seed: int. The same seed is the same person.

    Returns:
        dict of identity parameters that JSON can hold.
    """
    generator = np.random.default_rng(seed)

    def around_zero(spread=0.5):
        return float(np.clip(generator.normal() * spread, -1.4, 1.4))

    # one number sets skin, hair, irises and features that often go together
    lightness = generator.random()
    skin = (
        np.array([96, 60, 42])
        + np.array([138, 130, 128]) * lightness
        + generator.normal() * 6
        + generator.normal(size=3) * 2
    )
    feminine = generator.random() < 0.5
    identity = {"seed": int(seed)}
    identity.update(_random_colors(generator, skin, lightness))
    identity.update(
        age=float(np.clip(generator.normal() * 0.5, 0, 1)),
        eye_opening=around_zero(0.3),
        lid_fold=float(generator.uniform(0.3, 1.1)),
        brow_thickness=float(generator.uniform(0.2, 0.9)),
        brow_arch=float(generator.uniform(0.1, 0.9)),
        brow_height=around_zero(0.2),
        hairline=float(generator.uniform(5.5, 6.3)),
        hair_parting=_choose(generator, (0.0, 1.5, -1.5, 2.5)),
        curl=float(lightness < 0.4) * float(generator.random()),
    )
    for key in _RANDOM_SHAPES:
        identity[key] = around_zero()
    if lightness < 0.4:
        for key in ("nose_width", "upper_lip", "lower_lip"):
            identity[key] += 0.8
    dress = _random_woman if feminine else _random_man
    identity.update(dress(generator, identity))
    if generator.random() < 0.2:
        colors = ((24, 22, 22), (90, 70, 50), (60, 30, 30))
        identity["glasses"] = {"color": _choose(generator, colors)}
    return identity


def _choose(generator, choices):
    return choices[int(generator.integers(len(choices)))]


def _as_color(values):
    return tuple(float(value) for value in values)


def _random_colors(generator, skin, lightness):
    hair = _choose(generator, _ANY_HAIR if lightness > 0.45 else _DARK_HAIR)
    irises = _ANY_IRISES if lightness > 0.6 else _DARK_IRISES
    return {
        "skin_color": _as_color(skin),
        "hair_color": hair,
        "brow_color": _as_color(0.8 * np.array(hair)),
        "iris_color": _choose(generator, irises),
        "lip_color": _as_color(skin * np.array([0.84, 0.58, 0.62])),
        "cloth_color": _as_color(generator.uniform(30, 220, 3)),
        "redness": float(lightness * generator.uniform(0.3, 1)),
        "freckles": float(lightness > 0.7) * float(generator.random() < 0.3),
        "moles": int(generator.integers(0, 3)),
    }


def _random_woman(generator, identity):
    return {
        "jaw_width": identity["jaw_width"] - 0.6,
        "neck_width": -0.8,
        "shoulders": -0.7,
        "brow_ridge": -0.7,
        "lashes": 0.8,
        "makeup": float(generator.uniform(0, 0.8)),
        "hair_style": _choose(generator, ("long", "bob", "bun")),
        "fringe": bool(generator.random() < 0.3),
        "hair_volume": 0.8,
        "hair_length": float(generator.uniform(-1, 4)),
        "brow_thickness": identity["brow_thickness"] * 0.6,
    }


def _random_man(generator, identity):
    return {
        "jaw_width": identity["jaw_width"] + 0.3,
        "neck_width": 0.4,
        "shoulders": 0.3,
        "lashes": 0.2,
        "beard_shadow": 0.7,
        "hair_style": _choose(generator, ("short", "short", "receding")),
        "hair_volume": float(generator.uniform(0.5, 1.3)),
        "quiff": float(generator.uniform(0, 1)),
        "beard": _choose(generator, _RANDOM_BEARDS),
    }
