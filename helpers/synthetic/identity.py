"""Who a synthetic person is: names or seeds in, dicts of parameters out."""

import re

from helpers.synthetic.people import NAMED_PEOPLE
from helpers.synthetic.random_people import random_identity

HAIR_STYLES = ("short", "receding", "bald", "long", "bob", "bun")
BEARDS = ("none", "stubble", "short", "full", "goatee", "moustache")

# Shape values are about -1 to 1 around an average head at 0, unless a unit or
# a range is given. Colours are RGB as on a display, 0-255; skin above about
# 235 burns out under a bright light.
IDENTITY_DEFAULTS = {
    # head and cheeks
    "face_width": 0.0,
    "jaw_width": 0.0,
    "chin_length": 0.0,
    "chin_forward": 0.0,
    "cheekbone": 0.0,
    "cheek_fat": 0.0,
    "forehead": 0.0,
    "brow_ridge": 0.0,
    "ears": 0.0,
    "neck_width": 0.0,
    "shoulders": 0.0,
    "asymmetry": 1.0,  # 0-1
    "age": 0.0,  # 0-1
    # nose, eyes, mouth
    "nose_length": 0.0,
    "nose_width": 0.0,  # up to 1.5
    "nose_forward": 0.0,
    "nose_hump": 0.0,
    "nose_upturn": 0.0,
    "eye_gap": 0.0,
    "eye_size": 0.0,
    "eye_tilt": 0.0,
    "eye_depth": 0.0,
    "eye_opening": 0.0,  # -0.4 to 0.5
    "lid_fold": 1.0,  # 0-1, the crease above the upper lid
    "mouth_width": 0.0,
    "upper_lip": 0.0,  # -0.8 to 1.5
    "lower_lip": 0.0,  # -0.8 to 1.5
    # skin
    "skin_color": (224, 176, 150),
    "outer_skin_color": None,  # neck, ears, forehead's edge; None: as the face
    "lip_color": (184, 98, 92),
    "iris_color": (88, 62, 40),
    "redness": 0.5,  # 0-1
    "freckles": 0.0,  # 0-1
    "moles": 0,  # how many
    "makeup": 0.0,  # 0-1
    "shine": 0.5,  # 0-1
    "lashes": 0.4,  # 0-1
    # brows and beard
    "brow_color": (60, 42, 30),
    "brow_thickness": 0.5,  # 0-1
    "brow_arch": 0.5,  # 0-1
    "brow_height": 0.0,  # -0.5 to 0.5
    "brow_length": 0.0,
    "beard": "none",  # one of BEARDS
    "beard_color": None,  # None: as the hair
    "beard_shadow": 0.0,  # 0-1, tint of shaven skin
    # hair
    "hair_style": "short",  # one of HAIR_STYLES
    "hair_color": (58, 40, 28),
    "fringe": False,
    "hair_volume": 0.9,  # cm
    "quiff": 0.0,  # 0-1
    "hairline": 5.9,  # cm above the eyes
    "hair_parting": 0.0,  # cm to the image's right; 0: no parting
    "hair_length": 0.0,  # cm, long hair and bob
    "curl": 0.0,  # 0-1
    "grey": 0.0,  # 0-1
    # what is worn
    "cloth_color": (70, 84, 110),
    "collar": -16.3,  # cm above the eyes
    "glasses": None,  # or a dict, see helpers/synthetic/glasses.py
    # Two random streams, so that a swap of the face leaves the hair alone.
    "seed": 1,  # asymmetry and skin
    "hair_seed": None,  # hair and cloth; None: made from `seed`
}

# What a face swap leaves of the target: head, hair and what is worn.
KEPT_FROM_TARGET = (
    "face_width",
    "jaw_width",
    "chin_length",
    "forehead",
    "ears",
    "neck_width",
    "shoulders",
    "hair_color",
    "hair_style",
    "fringe",
    "hair_volume",
    "hairline",
    "hair_parting",
    "quiff",
    "curl",
    "grey",
    "hair_length",
    "cloth_color",
    "collar",
    "glasses",
)


def complete_identity(identity):
    """Identity with every parameter that it leaves out set to its default.

    Args:
        identity: dict, some of the keys of `IDENTITY_DEFAULTS`.

    Returns:
        dict with all keys of `IDENTITY_DEFAULTS` and a `hair_seed`.

    Raises:
        ValueError: if a parameter, hair style or beard does not exist.
    """
    unknown = sorted(set(identity) - set(IDENTITY_DEFAULTS))
    if unknown:
        raise ValueError(
            f"There are no identity parameters {unknown}. Choose from: "
            f"{sorted(IDENTITY_DEFAULTS)}. Received: identity={identity!r}"
        )
    full = {**IDENTITY_DEFAULTS, **identity}
    for key, choices in (("hair_style", HAIR_STYLES), ("beard", BEARDS)):
        if full[key] not in choices:
            raise ValueError(
                f"The {key} should be one of {choices}. "
                f"Received: {key}={full[key]!r}"
            )
    if full["hair_seed"] is None:
        full["hair_seed"] = full["seed"] + 999
    return full


def identity_parameters(name):
    """Parameters of a person with a name.

    Args:
        name: str. One of `NAMED_PEOPLE`, or `person_` and a number for a
            random person: `person_0012` is `random_identity(12)`.

    Returns:
        dict of identity parameters that JSON can hold.

    Raises:
        ValueError: if there is nobody of that name.
    """
    if name in NAMED_PEOPLE:
        return dict(NAMED_PEOPLE[name])
    numbered = re.fullmatch(r"person_(\d+)", str(name))
    if numbered:
        return random_identity(int(numbered.group(1)))
    raise ValueError(
        f"Nobody has that name. Choose one of {', '.join(NAMED_PEOPLE)}, or "
        "person_0012 and the like for a random person; or set SYNTHETIC = "
        f"False for footage of your own. Received: name={name!r}"
    )


def true_swap_identity(source, target, tone="source"):
    """Whom a perfect face swap shows: the target with the source's inner face.

    Rendered under the target's frame parameters, this is the truth that a
    swap can be compared with.

    Args:
        source: dict, identity parameters of the person whose face appears.
        target: dict, identity parameters of the person whose footage it is.
        tone: `"source"` keeps the source's skin colour, `"target"` takes the
            target's, as a swap with colour matching does.

    Returns:
        dict of identity parameters.

    Raises:
        ValueError: if `tone` is neither.
    """
    if tone not in ("source", "target"):
        raise ValueError(
            "The skin's tone comes from the 'source' or from the 'target'. "
            f"Received: tone={tone!r}"
        )
    source, target = complete_identity(source), complete_identity(target)
    swap = {**source, **{key: target[key] for key in KEPT_FROM_TARGET}}
    swap["outer_skin_color"] = target["skin_color"]
    swap["hair_seed"] = target["hair_seed"]
    if source["beard_color"] is None:
        swap["beard_color"] = source["hair_color"]
    if tone == "target":
        swap["skin_color"] = target["skin_color"]
    return swap
