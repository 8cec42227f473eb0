"""While a comb is trained: do its swaps still do what their targets do?

Losses fall as long as own faces are drawn better, and tell nothing of swaps.
With rendered people the truth tells; of photographed ones a public reader says
how far swaps go along with their targets (`expression_match`). Where that falls
while losses do, it is time to stop.
"""

import numpy as np

from helpers.faces.face_set import evenly
from helpers.faces.readers import blendshapes
from helpers.proof.expression_match import match_expressions
from helpers.proof.swap_pairs import paste_faces

EVERY = 400  # steps from one look to the next: a look takes seconds
MOST_FACES = 40  # of each target
WORN = 0.04  # of correlation: a fall of less may be chance


class ExpressionWatch:
    """Follows, over a training, how well swaps do what their targets do.

    Args:
        comb: `helpers.comb.Comb` that is trained.
        face_sets: dict from identity to `FaceSet`. Only photographed people
            are watched, if there are two of them.
        reader: `blendshapes.BlendshapeReader`, or `None` for the course's.
        every: int. Steps from one look to the next.

    Attributes:
        looks: list of `(step, correlation, slope)`, the means over all ordered
            pairs; see `match_expressions()`.
    """

    def __init__(self, comb, face_sets, reader=None, every=EVERY):
        self._comb, self._every = comb, every
        self.looks, self._targets = [], {}
        photographed = {
            name: face_set
            for name, face_set in face_sets.items()
            if not face_set.rendered
        }
        if len(photographed) < 2:
            return  # no network is read for nothing
        self._reader = reader or blendshapes.shipped_blendshapes()
        self._targets = {
            name: self._look_at(face_set)
            for name, face_set in photographed.items()
        }

    def _look_at(self, face_set):
        """Crops of a target, what they do, and what the encoder sees."""
        some = face_set.pick(evenly(len(face_set), MOST_FACES))
        crops = some.load_crops(some.size_for(self._reader.side))
        return (
            crops,
            self._reader.read(crops)[0],
            some.network_crops(self._comb.resolution),
            [record["yaw"] for record in some.records],
        )

    def look(self, report):
        """Look at the swaps of now, if it is time to.

        Args:
            report: dict of `Trainer`, for its `step`; what the notebook shows
                at each report calls this.
        """
        if not self._targets or report["step"] % self._every:
            return
        matches = [
            self._match(source, target)
            for target in self._targets
            for source in self._targets
            if source != target
        ]
        means = [
            float(
                np.nanmean([match[f"expression_{name}"] for match in matches])
            )
            for name in ("correlation", "slope")
        ]
        self.looks.append((report["step"], *means))

    def _match(self, source, target):
        crops, read, seen, yaws = self._targets[target]
        faces = self._comb.looking_at(target).swap(seen, source)
        swaps = paste_faces(self._comb, crops, faces, yaws)
        return match_expressions(read, self._reader.read(swaps)[0])

    def advice(self):
        """What that says about stopping, in a line.

        Returns:
            str, `""` where nobody was watched.
        """
        return expression_advice(self.looks) if self.looks else ""


def expression_advice(looks):
    """Whether swaps have come to do less than they did.

    Args:
        looks: list of `(step, correlation, slope)`, at least one.

    Returns:
        str.

    Example:
        >>> from helpers.proof.expression_watch import expression_advice
        >>> print(expression_advice([(400, 0.85, 0.6), (800, 0.86, 0.7)]))
        Swaps do what their targets do: correlation 0.86, slope 0.70, step 800.
    """
    step, correlation, slope = looks[-1]
    best, highest, _ = max(looks, key=lambda look: look[1])
    now = f"correlation {correlation:.2f}, slope {slope:.2f}, step {step}."
    if highest - correlation < WORN:
        return f"Swaps do what their targets do: {now}"
    return (
        f"Swaps did more of what their targets do at step {best}: correlation "
        f"{highest:.2f}; now {now} Train anew with that many STEPS, or film "
        "the source doing more."
    )
