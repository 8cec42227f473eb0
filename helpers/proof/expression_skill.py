"""Swaps and the truth of each frame in, skills of pose and expression out."""

import numpy as np

from helpers.synthetic.frame import EXPRESSION_PARAMETERS

# A parameter that varies less than this share of what the reader was trained
# on is not judged: its skill would be a ratio of two noises.
LEAST_SPREAD = 0.1


def score_expression(reader, images, frame_parameters):
    """How well pose and expression follow the target, read from pictures.

    For each parameter the mean absolute error of what the reader reads in the
    swap is divided by that of what it reads in the mean face; the expression
    skill is one minus the mean of these ratios over the parameters. So each
    parameter counts alike, 0 is a face that does not move, and a perfect
    reader would give a perfect swap 1. The reader is not perfect, hence the
    ceiling beside it: the same figure for the truth itself.

    Args:
        reader: `expression_reader.ExpressionReader`.
        images: dict of float arrays, shape `(faces, height, width, 3)`, 0-1,
            with the keys `"swap"`, `"own"`, `"mean"` and `"truth"`.
        frame_parameters: dict of arrays, shape `(faces,)`: the truth.

    Returns:
        dict: `expression_skill`, `expression_ceiling` (of the truth) and
        `expression_own` (of the source's decoder given the true frame) as
        floats; `expression`, by parameter a dict of the mean absolute errors
        `swap`, `own`, `mean`, `truth` in the parameter's unit and the `skill`;
        `expression_left_out`, the parameters that do not vary here.

    Raises:
        ValueError: if no parameter varies.
    """
    kinds = ("swap", "own", "mean", "truth")
    readings = {kind: reader.read_expressions(images[kind]) for kind in kinds}
    judged, left_out = {}, []
    for column, name in enumerate(EXPRESSION_PARAMETERS):
        true_values = np.asarray(frame_parameters[name], dtype=np.float64)
        if true_values.std() < LEAST_SPREAD * reader.scales[column]:
            left_out.append(name)
            continue
        errors = {
            kind: float(
                np.mean(np.abs(readings[kind][:, column] - true_values))
            )
            for kind in kinds
        }
        judged[name] = {**errors, "skill": 1 - errors["swap"] / errors["mean"]}
    if not judged:
        raise ValueError(
            "No frame parameter varies in these frames, so no expression can "
            f"be judged. Received: {len(readings['swap'])} frames"
        )
    skill = {
        kind: float(
            1 - np.mean([row[kind] / row["mean"] for row in judged.values()])
        )
        for kind in kinds
    }
    return {
        "expression_skill": skill["swap"],
        "expression_ceiling": skill["truth"],
        "expression_own": skill["own"],
        "expression": judged,
        "expression_left_out": left_out,
    }
