"""What becomes of awkward videos: a folder of them in, a table out.

    python -m benchmarks.awkward_videos --folder ../shared/data/awkward/videos

Each is swapped with an untrained comb, and the result compared with it: as
many frames, each at its time, the sound's packets the same to the bit. What
cannot be swapped says why; anything else than advice would end the run. Prints
a table, and last one line of JSON.
"""

import argparse
import collections
import json
import pathlib
import tempfile

import av
import numpy as np

from helpers.comb import build_comb
from helpers.faces import detection
from helpers.footage import media
from helpers.swap.swap_video import swap_video


def read_back(path):
    """Times of all frames that can be read, and the packets of the sound."""
    times = []
    try:
        for _, seconds, _ in media.read_frames(path, size=(8, 8)):
            times.append(seconds)
    except media.MediaError as error:
        if not times:
            raise ValueError(f"{path} was written unreadable.") from error
    with av.open(str(path)) as container:
        sounds = container.streams.audio[:1]
        sound = [
            bytes(packet)
            for packet in (container.demux(sounds[0]) if sounds else ())
            if packet.size
        ]
    return np.array(times), sound


def compare(before, after):
    """What of times and sound is kept, in words."""
    times, sound = read_back(before)
    new_times, new_sound = read_back(after)
    if len(times) != len(new_times):
        said = [f"{len(times)} frames became {len(new_times)}"]
    else:
        off = np.abs(times - new_times).max()
        said = ["times kept"] if off < 1e-3 else [f"times off by {off:.3f} s"]
    if sound:
        said.append("sound copied" if sound == new_sound else "sound anew")
    return said


def try_video(comb, path, output, detector):
    """`(outcome, what happened)` of one video."""
    try:
        report = swap_video(comb, path, output, "Rosa", detector)
    except (media.MediaError, ValueError) as error:
        return "refused", str(error)
    said = [f"{report['swapped']} of {report['frames']} frames"]
    said += compare(path, output) + report["notes"]
    if report["broken"]:
        return "to its break", ", ".join([*said, report["broken"]])
    return "swapped", ", ".join(said)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default="../shared/data/awkward/videos")
    options = parser.parse_args()
    comb = build_comb(("Rosa", "Marco"), resolution=64)
    detector = detection.FaceDetector()
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(pathlib.Path(options.folder).iterdir()):
            output = pathlib.Path(folder) / f"{path.stem}.mp4"
            outcome, said = try_video(comb, path, output, detector)
            counts[outcome] += 1
            counts["sound copied"] += "sound copied" in said
            counts["times kept"] += "times kept" in said
            print(f"{path.name:<34} {outcome:<13} {said}", flush=True)
    print(json.dumps(dict(counts)))


if __name__ == "__main__":
    main()
