"""Two runs of training, as dicts -> what differs between them, in few words.

A run is known by what decides its outcome: the network's configuration, the
schedule, the seed, what is frozen, and `made_from`, which whoever trains names
(the faces, the weights that it starts from, ...).
"""

import json
import os
import pathlib

from helpers.encoder_decoder import resolution_of
from helpers.files import manifests

# The exact command that begins anew and keeps what is there, from the runner
# for a notebook that it runs.
FRESH = "COURSE_FRESH"
# An unfinished run goes on under other ones; the outcome of a finished one
# has them in it.
FREE = {"learning_rate": "LEARNING_RATE", "minutes": "MINUTES"}
MOST_LETTERS = 24  # of a value that is told; fingerprints are longer


class OtherRunError(ValueError):
    """A folder holds a run that is not the one to go on with."""


def parameters_of(learning_rate, minutes, frozen, seed, made_from=None):
    """What of a run stands in its checkpoints beside network and schedule.

    Args:
        learning_rate: float.
        minutes: float or `None`.
        frozen: str, or sequence of str.
        seed: int, of the data.
        made_from: dict, see `run_folder.begin_run()`, or `None`.

    Returns:
        dict that JSON can hold.
    """
    parameters = {
        "learning_rate": learning_rate,
        "minutes": minutes,
        "frozen": [frozen] if isinstance(frozen, str) else list(frozen),
        "seed": seed,
    }
    if made_from is not None:
        parameters["made_from"] = made_from
    return parameters


def run_of(config, state):
    """All that a run is known by, of one kind for every reader.

    Args:
        config: dict, the network's.
        state: dict of a checkpoint, or one with `schedule` and `parameters`.

    Returns:
        dict that JSON can hold: `network`, `schedule`, the parameters, and
        what the run was made from. Those of an older version of the course
        lack some.
    """
    parameters = dict(state.get("parameters", {}))
    made_from = parameters.pop("made_from", None) or {}
    run = {"network": config, "schedule": state["schedule"]}
    return json.loads(json.dumps(run | parameters | made_from))


def differences(wanted, there, finished=False):
    """What of one run differs in another, as a list of short texts.

    Args:
        wanted: dict from `run_of()`.
        there: dict from `run_of()`. What either of them lacks is passed over.
        finished: bool. Whether time and learning rate count.

    Returns:
        list of str, none where the two are one run.
    """
    texts = []
    for name, value in wanted.items():
        if name not in there or there[name] == value:
            continue
        if name in FREE and not finished:
            continue
        if name in ("network", "schedule"):
            facts = _network_facts if name == "network" else _schedule_facts
            before, now = facts(there[name]), facts(value)
            changed = [
                _text(fact, before[fact], now[fact])
                for fact in now
                if fact in before and before[fact] != now[fact]
            ]
            texts += changed or [f"the {name}"]
        else:
            texts.append(_text(FREE.get(name, name), there[name], value))
    return texts


def _text(name, before, now):
    values = [_words(value) for value in (before, now)]
    if max(map(len, values)) > MOST_LETTERS:
        return name
    return f"{name} ({values[0]}, now {values[1]})"


def _words(value):
    if isinstance(value, list):
        return " and ".join(map(str, value)) or "nothing"
    return str(value)


def _network_facts(config):
    """A configuration without its depths: a run in rehearsal holds two."""
    facts = {}
    for name, value in config.items():
        if isinstance(value, dict):
            facts |= _network_facts(value)
        else:
            facts[name] = value
    return facts


def _schedule_facts(schedule):
    sides = [resolution_of(stage["level"]) for stage in schedule]
    return {
        "steps": sum(stage["steps"] for stage in schedule),
        "batch size": schedule[0]["batch_size"],
        "first level": f"{sides[0]} px",
        "last level": f"{sides[-1]} px",
    }


def is_finished(state):
    """Whether all stages of a checkpoint's state are done."""
    return state["stage"] >= len(state["schedule"])


def other_run_error(folder, config, state, texts):
    """The error about a folder that holds another run, in two lines.

    Args:
        folder: str or path.
        config: dict of the checkpoint there.
        state: dict of the checkpoint there.
        texts: list from `differences()`.

    Returns:
        `OtherRunError`.
    """
    kind = "a finished" if is_finished(state) else "an unfinished"
    steps = sum(stage["steps"] for stage in state["schedule"])
    anew = os.environ.get(FRESH) or (
        f"move the folder {short_path(folder)} away (or set another "
        "OUTPUT_FOLDER)"
    )
    return OtherRunError(
        f"{short_path(folder)} holds {kind} run, step {state['total_steps']} "
        f"of {steps}, of {whose(config)}; what differs: {'; '.join(texts)}."
        "\nTo go on with it, give the old values back. To begin anew and keep "
        f"what is there: {anew}"
    )


def whose(config):
    """The people of a network's configuration, in words."""
    facts = _network_facts(config)
    if "identities" in facts:
        return _words(facts["identities"])
    if "people" in facts:
        return f"a crowd of {facts['people']}"
    return "somebody"


def short_path(path):
    """A path from the course's folder on, where it lies in it, as a text."""
    return manifests.path_from_root(pathlib.Path(path).resolve())
