"""Six swapped clips to look at, three of rendered and three of real people.

    python -m benchmarks.clips
    python -m benchmarks.clips --only rendered --rendered-steps 200

Trains a comb for four rendered people on the shared crowd, and one for each
pair of real people of `../shared/data`, as notebook 03 does it; where that
data is not there, it says so. Swaps a clip of each pair in the default mode,
and reports it. Combs, clips, contact sheets of enlarged faces and the reports'
pictures are kept in `build/clips`; what is there is not made again. Prints
each clip's table and last one line of JSON.
"""

import argparse
import json
import time

import cv2
import numpy as np

from benchmarks import real, skill
from benchmarks import shifts as trial
from helpers import plotting, synthetic
from helpers.faces import detection, tracking
from helpers.files import manifests
from helpers.footage import media
from helpers.latents import shifts
from helpers.proof import clip_measures, clip_report, identity_judge
from helpers.swap.swap_tracks import Role, steady_track, swap_tracks
from helpers.training import bundles

FOLDER = manifests.project_root() / "build" / "clips"
# source, target, side of the frame in pixels, seed of the take
RENDERED = (
    ("Mei", "Lena", 256, 11),
    ("Marco", "Viktor", 512, 12),
    ("Lena", "Marco", 384, 13),
)
TAKES = (40, 4)  # to train with and to test, of each person
TAKES_SEED = 3
SECONDS, FRAME_RATE = 5, 25
# source, target, clip of the target: of one sex, looking at the camera
REAL = (
    ("person_c", "president_obama", "clip_640x480.mp4"),
    ("person_a", "person_d", "clip.mp4"),
    ("person_h", "person_g", "clip.mpg"),
)
EVERY = 6  # frames from one to the next on the sheet of the whole clip
SHEET_SIDE = 224  # pixels of a face on a sheet
COLUMNS = 10


def rendered_people(steps):
    """Face sets and a comb of the rendered people."""
    names = sorted({name for pair in RENDERED for name in pair[:2]})
    folder = FOLDER / "rendered"
    face_sets = skill.make_faces(
        folder, TAKES_SEED, steps < 20, names, takes=TAKES
    )
    return face_sets, _kept(
        folder / f"comb_{steps}",
        face_sets,
        lambda: trial.train(face_sets, steps, 0),
    )


def real_people(steps):
    """Face sets of the real people, and a comb of each pair."""
    pairs = [pair[:2] for pair in REAL]
    folder = FOLDER / "real"
    face_sets = real.make_faces(detection.FaceDetector(0.12), pairs, folder)
    combs = []
    for pair in pairs:
        chosen = {name: face_sets[name] for name in pair}
        combs.append(
            _kept(
                folder / f"{'+'.join(pair)}_{steps}",
                chosen,
                lambda chosen=chosen: real.train(
                    chosen, real.SHARED, steps, "rehearsing", 0
                ),
            )
        )
    return face_sets, combs


def _kept(folder, face_sets, train):
    """A comb that was trained before, or is now."""
    if (folder / manifests.MANIFEST).is_file():
        return bundles.load_bundle(folder)
    comb = train()
    comb.shifts = shifts.latent_shifts(comb, face_sets)
    bundles.save_bundle(comb, folder, "03_full_training")
    return comb


def rendered_clips():
    """Clips of the rendered targets, filmed once, each in its own light."""
    clips = []
    for _, target, size, seed in RENDERED:
        frames = synthetic.sample_take(
            SECONDS * FRAME_RATE, seed, FRAME_RATE, talk=1.0
        )
        clips.append(
            synthetic.write_take(
                FOLDER / "rendered" / "clips",
                f"{target}_{size}",
                target,
                frames,
                "test",
                size=size,
                frame_rate=FRAME_RATE,
                sound=True,
            )
        )
    return clips


def swap_and_report(comb, source, target, clip, judge):
    """Swap a clip, judge it and draw what there is to see.

    Returns:
        dict of its figures.
    """
    detector = detection.FaceDetector(0.12)
    track = steady_track(tracking.find_face_track(clip, detector))
    role = Role(track, source, target)
    name = f"{source}_on_{target}"
    path = FOLDER / f"{name}.mp4"
    swap_tracks(comb, clip, path, [role])
    started = time.perf_counter()
    report = clip_report.report_clip(comb, role, clip, path, detector, judge)
    print(f"\n{name}, judged in {time.perf_counter() - started:.0f} s")
    clip_report.print_table(report)
    figure = plotting.plot_clip_report(report)
    plotting.save_figure(figure, FOLDER / f"{name}_report.png", 1000)
    write_sheets(comb.contract, track, clip, path, name)
    return report.figures


def write_sheets(contract, track, clip, swapped, name):
    """Enlarged faces before and after: every sixth frame, and one second."""
    frames = len(track.times)
    begin = frames // 2
    parts = {
        "whole": range(0, frames, EVERY),
        "second": range(begin, min(frames, begin + FRAME_RATE)),
    }
    for part, wanted in parts.items():
        rows = [[], []]
        for index, _, *pair in clip_measures.both_frames(clip, swapped):
            landmarks = track.landmarks[index]
            if index in wanted and np.isfinite(landmarks).all():
                for row, frame in zip(rows, pair, strict=True):
                    face = clip_measures.cut_measured_crop(
                        contract, frame, landmarks
                    )
                    row.append(cv2.resize(face, (SHEET_SIDE,) * 2))
        lines = []
        for start in range(0, len(rows[0]), COLUMNS):
            for row in rows:
                line = row[start : start + COLUMNS]
                empty = [np.zeros_like(line[0])] * (COLUMNS - len(line))
                lines.append(np.hstack(line + empty))
        media.write_image(FOLDER / f"{name}_{part}.jpg", np.vstack(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--steps", type=int, default=800, help="of each pair of real people"
    )
    parser.add_argument(
        "--rendered-steps", type=int, default=600, help="of the four rendered"
    )
    parser.add_argument("--only", choices=("rendered", "real"))
    options = parser.parse_args()
    work = []
    result = {k: vars(options)[k] for k in ("steps", "rendered_steps")}
    if options.only != "real":
        face_sets, comb = rendered_people(options.rendered_steps)
        judge = identity_judge.train_identity_judge(face_sets)
        for (source, target, *_), clip in zip(
            RENDERED, rendered_clips(), strict=True
        ):
            work.append((comb, source, target, clip, judge))
    if options.only != "rendered" and not real.PEOPLE.is_dir():
        result["skipped"] = f"the real trial data is not at {real.PEOPLE}"
        print(f"Skipped: {result['skipped']}")
    elif options.only != "rendered":
        face_sets, combs = real_people(options.steps)
        judge = identity_judge.train_identity_judge(face_sets)
        for comb, (source, target, clip) in zip(combs, REAL, strict=True):
            clip = real.PEOPLE / target / clip
            work.append((comb, source, target, clip, judge))
    for comb, source, target, clip, judge in work:
        figures = swap_and_report(comb, source, target, clip, judge)
        result[f"{source}_on_{target}"] = {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in {**figures, **figures["swap"]}.items()
            if not isinstance(value, dict)
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
