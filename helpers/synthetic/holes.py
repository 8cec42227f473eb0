"""Holes in footage: leave all of one kind of frame out, or film just that.

A hole that was cut on purpose is the test of whoever claims to find holes.

A condition is a tuple of a feature's name, a sign and an edge: the feature is
beyond the edge, upwards (+1) or downwards (-1). Names and units are those of
the frame parameters; `light` is where the lamp stands, from -1, left of the
picture, to 1, right.
"""

from helpers.synthetic.footage import take_seed, write_take
from helpers.synthetic.motion import sample_take

# What is left out, by the words in which `helpers.latents.gaps` should find it.
HOLES = {
    "mouth open": ("jaw", 1, 0.3),
    "head turned left": ("yaw", -1, -15.0),
    "light from the right": ("light", 1, 0.0),
}
FIRST = 10**6  # number of the first take played: after those of any footage
LONGEST_SEARCH = 400  # takes played until there are enough


def is_so(frame_parameters, conditions):
    """Whether a frame meets all conditions.

    Args:
        frame_parameters: dict, see `FRAME_DEFAULTS`.
        conditions: list of `(name, sign, edge)`.

    Returns:
        bool.

    Raises:
        ValueError: if a feature is no frame parameter.
    """
    return all(
        sign * _value(frame_parameters, name) >= sign * edge
        for name, sign, edge in conditions
    )


def _value(frame_parameters, name):
    if name not in frame_parameters:
        raise ValueError(
            f"A renderer is not told {name!r}. Choose from: "
            f"{sorted(frame_parameters)}"
        )
    value = frame_parameters[name]
    return value[0] if name == "light" else value


def rows_without(face_set, *conditions):
    """Rows of the faces that do not meet all conditions.

    Args:
        face_set: `FaceSet` of rendered faces.
        *conditions: `(name, sign, edge)`.

    Returns:
        List of int, rows of the face set's records.
    """
    return [
        row
        for row, record in enumerate(face_set.records)
        if not is_so(record["frame_parameters"], conditions)
    ]


def rows_with(face_set, *conditions):
    """Rows of the faces that meet all conditions, as `rows_without()`."""
    without = set(rows_without(face_set, *conditions))
    return [row for row in range(len(face_set)) if row not in without]


def film_more(
    folder,
    person_name,
    conditions,
    takes=12,
    frames_per_take=10,
    seed=0,
    size=256,
    frame_rate=5,
):
    """Film takes of which every frame meets all conditions.

    The person plays take after take; of each the first frames that are so are
    kept, so that all else varies as it always does.

    Args:
        folder: str or path, of this person's footage.
        person_name: str, see `identity_parameters`.
        conditions: list of `(name, sign, edge)`.
        takes: int.
        frames_per_take: int, at most; a take has the frames that are so.
        seed: int. Another seed is other takes.
        size: even int, side of the frame in pixels.
        frame_rate: float, frames per second.

    Returns:
        List of the paths.

    Raises:
        ValueError: if a feature is no frame parameter, or if people never do
            this.
    """
    paths = []
    for played in range(LONGEST_SEARCH):
        seed_of_take = take_seed(seed, "train", person_name, FIRST + played)
        frames = sample_take(4 * frames_per_take, seed_of_take, frame_rate)
        frames = [frame for frame in frames if is_so(frame, conditions)]
        if frames:
            paths.append(
                write_take(
                    folder,
                    f"more_{len(paths):03d}",
                    person_name,
                    frames[:frames_per_take],
                    "train",
                    size,
                    frame_rate,
                )
            )
        if len(paths) == takes:
            return paths
    raise ValueError(
        f"In {LONGEST_SEARCH} takes people hardly do this. Received: "
        f"conditions={conditions!r}, {len(paths)} of {takes} takes found. "
        "Ask for less, or for an edge nearer to the middle"
    )
