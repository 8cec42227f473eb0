"""The report on footage in short lines, to be printed."""

import textwrap

from helpers.latents.descriptions import FEATURES, feature_label

WIDTH = 64  # of a line, so that a narrow window breaks none
# what a line of shares is about, and the features that tell it
SUBJECTS = {
    "head": ("yaw", "pitch"),
    "mouth": ("jaw", "smile"),
    "eyes": ("blink", "gaze_x", "gaze_y"),
    "light": ("light",),
    "brightness": ("brightness",),
    "focus": ("sharpness",),
}


def footage_as_text(report):
    """The report in short lines: verdicts and advice first, then numbers.

    Args:
        report: dict from `footage_report.footage_report()`.

    Returns:
        str.
    """
    lines = []
    for name, own in report["identities"].items():
        lines += [f"{name}: {own['verdict']} ({own['reason']})"]
        for place, finding in enumerate(own["findings"], start=1):
            lines.append(f"  {place}. {finding['advice']}")
        lines += [f"  Beware: {warning}" for warning in own["warnings"]]
        lines.append("")
    for name, own in report["identities"].items():
        lines += [f"{name} in numbers"]
        lines += _lines_of_faces(own)
        lines += _lines_of_features(own)
        lines.append("")
    lines += [
        "Left and right are those of the picture, not of the person.",
        "A trained network knows more: notebook 04 asks it.",
    ]
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent="     ") for line in lines
    )


def _lines_of_faces(own):
    train, held_out = own["train"], own["held_out"]
    low, middle, high = own["eyes"]
    looked_at = own["described"]
    if looked_at < own["faces"]:
        yield f"  {looked_at} of {own['faces']} faces were looked at, evenly"
    yield (
        f"  {train['faces']} faces to train with ({_takes(train)}), "
        f"{held_out['faces']} held out ({_takes(held_out)})"
    )
    whole = [name for name in held_out["takes"] if name not in train["takes"]]
    parts = [name for name in held_out["takes"] if name in train["takes"]]
    if whole:
        yield f"  held out by take, never by frame: {_few(whole)}"
    if parts:
        yield f"  held out is the last part of {_few(parts)}"
    yield f"  eyes {middle:.0f} px apart in the frame, {low:.0f} to {high:.0f}"
    for size, fit in own["networks"].items():
        yield (
            f"  large enough for a network of {size} px: {fit['large']:.0%}, "
            f"sharp enough: {fit['sharp']:.0%}"
        )


def _takes(part):
    count = len(part["takes"])
    return "1 take" if count == 1 else f"{count} takes"


def _few(names, most=4):
    more = len(names) - most
    listed = ", ".join(names[:most])
    return f"{listed} and {more} more" if more > 0 else listed


def _lines_of_features(own):
    """A line a subject: `light: from the left 40%, from the right 32%`."""
    rough = [
        feature_label(f) for f in FEATURES if own["features"][f.name]["rough"]
    ]
    for subject, names in SUBJECTS.items():
        shares = [
            f"{word.removeprefix(subject).strip()} {share:.0%}"
            for name in names
            if not own["features"][name]["rough"]
            for word, share in own["features"][name]["shares"].items()
        ]
        if shares:
            yield f"  {subject}: {', '.join(shares)}"
    if rough:
        yield f"  read only roughly, see the picture: {', '.join(rough)}"
