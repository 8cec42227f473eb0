"""Kill -9 at random moments: does the run that goes on come out the same?

    python -m benchmarks.kill --kills 30

Photos and clips are extracted once to the end, by a stand-in for the detector;
then again by a process that is killed so many times, each time somewhere else,
and started again. Both face sets, manifest and all, should be the same to the
bit (but for the date in the manifest). Prints one line of JSON.
"""

import argparse
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np

from helpers.faces import face_finder, facesets
from helpers.faces.sorting import extraction, face_reasons
from helpers.files import manifests
from helpers.footage import media

CONTRACT = manifests.data_contract(crop_size=64)
LANDMARKS = np.array([[35, 30], [61, 30], [48, 45], [38, 58], [58, 58]], float)
READY = "ready"


class OneFace:
    """A face at one place in every picture that is not black."""

    min_face_share = 0.12
    parameters = {"detector": "stand-in"}

    def detect(self, images):
        face = {"box": (25, 15, 46, 60), "score": 0.99, "landmarks": LANDMARKS}
        return [[face] if image.mean() > 20 else [] for image in images]

    def refine(self, images, landmarks, views=None):
        count = len(images)
        return np.array(landmarks), np.full(count, 0.98), np.ones(count)


def picture(seed):
    noise = np.random.default_rng(seed).integers(60, 200, (90, 96, 3))
    return noise.astype(np.uint8)


def film(folder, clips, photos, frames):
    """Footage of noise: clips, and photos among them."""
    for number in range(clips):
        pictures = [picture((number, n)) for n in range(frames)]
        media.write_video(folder / f"clip_{number}.mp4", pictures, 25)
    for number in range(photos):
        media.write_image(folder / f"photo_{number}.png", picture(number))


def extract(footage, output):
    """What is killed: parts are short, that many of them are finished."""
    face_finder.CHUNK_FRAMES, face_finder.PART_FRAMES = 8, 16
    # noise is no face: what is left out is not what this is about
    face_reasons.find_reasons = lambda records, _: [None] * len(records)
    print(READY, flush=True)
    extraction.extract_faces(footage, output, CONTRACT, OneFace(), "Ada")
    facesets.write_face_sets(output, ["Ada"], CONTRACT, least=1)


def start(footage, output):
    """The process, at its begin of work."""
    command = [sys.executable, "-m", "benchmarks.kill", "--child"]
    process = subprocess.Popen(
        [*command, str(footage), str(output)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if process.stdout.readline().strip() != READY:
        raise RuntimeError(process.communicate()[1])
    return process


def finish(footage, output):
    """Run to the end; gives the seconds of work."""
    begin = time.perf_counter()
    process = start(footage, output)
    begin = time.perf_counter()
    _, said = process.communicate()
    if process.returncode:
        raise RuntimeError(said)
    return time.perf_counter() - begin


def fingerprint(output):
    """sha256 of the name and content of all files, but for the date.

    What a killed process was writing has a hidden name, and nobody reads it.
    """
    total = hashlib.sha256()
    for path in sorted(output.rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue
        content = path.read_bytes()
        if path.name == manifests.MANIFEST:
            manifest = json.loads(content)
            del manifest["made_at"]
            content = json.dumps(manifest).encode()
        name = path.relative_to(output).as_posix()
        total.update(f"{name} {len(content)} ".encode() + content)
    return total.hexdigest()


def kill_often(footage, folder, kills, seed=0):
    """Kill and go on; gives how often it was killed, and both fingerprints."""
    whole, killed = folder / "whole", folder / "killed"
    seconds = finish(footage, whole)
    moments, died = random.Random(seed), 0
    for _ in range(kills):
        process = start(footage, killed)
        time.sleep(moments.uniform(0, seconds))
        process.kill()
        process.communicate()
        died += process.returncode < 0
        if moments.random() < 0.2:  # else all is finished after a few
            (killed / "Ada" / "files.jsonl").unlink(missing_ok=True)
    finish(footage, killed)
    return died, fingerprint(whole), fingerprint(killed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--child", nargs=2, help="for itself")
    options = parser.parse_args()
    if options.child:
        return extract(*options.child)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        film(folder / "footage", 3, 20, options.frames)
        died, whole, killed = kill_often(
            folder / "footage", folder, options.kills
        )
    print(json.dumps({"kills": died, "same": whole == killed, "sha256": whole}))


if __name__ == "__main__":
    main()
