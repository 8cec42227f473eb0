"""What other people's files do: a folder of them in, a table out.

    python -m benchmarks.reported --folder ../shared/data/reported

Each file stands for a kind of fault that users of tools like this one
reported. It goes through the extraction of notebook 01 and the swap of
notebook 05, and what comes out is measured: frames, seconds, sound,
orientation, colours. A file of another name is run and shown as well; a
traceback of it counts as wrong. Takes 4 minutes. Prints a table, and last one
line of JSON: `files`, `right`.
"""

import argparse
import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

import av
import cv2
import numpy as np

from helpers.crowd import Crowd, comb_for
from helpers.faces import detection, face_records
from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.footage import media
from helpers.swap.shown_result import show_result
from helpers.swap.swap_footage import SwapResult
from helpers.swap.swap_job import SwapJob
from helpers.swap.swap_photo import swap_photo
from helpers.swap.swap_video import swap_video
from helpers.swapper import Swapper
from helpers.training import bundles

IDENTITIES = ("Left", "Right")
TRUTH = "photo_profile_TRUTH_srgb.png"
CONTRACT = manifests.data_contract()
# building a network where another course left settings of Keras
BUILD = (
    "import helpers; from helpers.comb import build_comb; import numpy as np;"
    "comb = build_comb(['Left', 'Right'], resolution=16);"
    "crops = np.zeros((2, 16, 16, 3), 'float32');"
    "print(comb.swap(crops, 'Left').dtype, comb.swap(crops, 'Left').shape)"
)


class Painter(Swapper):
    """A stand-in for a comb: each identity is one colour, not to be missed."""

    identities = IDENTITIES
    resolution = 64
    contract = CONTRACT
    colors = {"Left": (0, 1, 0), "Right": (0, 0, 1)}

    def variables(self):
        """None: nothing was trained."""
        return {}

    def swap(self, crops, source, batch_size=64):
        """Crops in the colour of the source."""
        color = np.float32(self.colors[source])
        return np.broadcast_to(color, crops.shape).copy()


class Trial:
    """A file, what 01 and 05 made of it, and what the result holds.

    Args:
        path: pathlib.Path of the file.
        folder: pathlib.Path for what is written.
        comb: `Comb` of `IDENTITIES`.
        detector: `detection.FaceDetector`.
    """

    def __init__(self, path, folder, comb, detector):
        self.path, self.folder = path, folder
        self.comb, self.detector = comb, detector
        self.output = None
        self.extracted = self.swapped = {}
        self.errors, self.crashed = [], False

    def run(self):
        """Extract its faces, swap it, and write what shows the swap."""
        with contextlib.redirect_stdout(io.StringIO()):
            self.extracted = self._try(self._extract) or {}
            self.swapped = self._try(self._swap) or {}

    def _try(self, work):
        try:
            return work()
        except ValueError as error:  # a sentence for users
            self.errors.append(str(error))
        except Exception:  # noqa: BLE001 (whatever it is, it is wrong)
            self.errors.append(traceback.format_exc().splitlines()[-1])
            self.crashed = True
        return None

    def _extract(self):
        footage = self.folder / "footage"
        footage.mkdir()
        shutil.copy(self.path, footage)
        return extraction.extract_faces(
            footage, self.folder / "faces", CONTRACT, self.detector, "Someone"
        )

    def records(self):
        """Records of the faces that were found."""
        faces = self.folder / "faces" / "Someone" / face_records.RECORDS
        return face_records.read_records(faces)

    def _swap(self):
        if media.is_photo(self.path):
            self.output = self.folder / "swap.png"
            swap, how = swap_photo, {}
        else:
            self.output = self.folder / "swap.mp4"
            swap, how = swap_video, {"crf": 12}
        report = swap(
            self.comb,
            self.path,
            self.output,
            "Left",
            self.detector,
            visible=False,
            **how,
        )
        record = {
            "kind": "photo" if media.is_photo(self.path) else "video",
            "times_without_face": report.get("times_without_face", []),
            "job": {"source": "Left", "target": None},
        }
        show_result(SwapResult(self.output, self.path, record))
        return report

    def notes(self):
        """All that is said of the file, in one str."""
        said = [*self.swapped.get("notes", []), self.swapped.get("broken")]
        return "; ".join(filter(None, said))

    def measured(self):
        """Frames and seconds of the result, and of its sound."""
        with av.open(str(self.output)) as container:
            video = container.streams.video[0]
            lasts = {"video": [], "audio": []}
            for packet in container.demux():
                if packet.size:
                    end = packet.pts + (packet.duration or 0)
                    kind = packet.stream.type
                    lasts[kind].append(float(end * packet.time_base))
            sound = container.streams.audio
            return {
                "frames": len(lasts["video"]),
                "size": (video.width, video.height),
                "seconds": max(lasts["video"]),
                "sound": max(lasts["audio"], default=0.0),
                "codec": sound[0].codec.canonical_name if sound else None,
                "rate": sound[0].rate if sound else None,
            }


def of_the_result(text, **wanted):
    """A check of the result's frames, seconds and sound."""

    def check(trial):
        got = trial.measured()
        right = all(
            abs(got[name] - value) < 0.15
            if isinstance(value, float)
            else got[name] == value
            for name, value in wanted.items()
        )
        shown = {name: got[name] for name in wanted}
        said = trial.notes()
        return right and text in said, f"{_short(shown)}; {said or 'no note'}"

    return check


def _short(shown):
    return ", ".join(
        f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in shown.items()
    )


def is_whole_and_held_out(trial):
    """Nothing is missing, and some of it tests what is learned."""
    got, held = trial.measured()["frames"], trial.extracted.get("test")
    right = got == 35 and not trial.swapped["broken"] and bool(held)
    return right, f"{got} frames, {trial.notes() or 'no note'}, test {held}"


def as_turned(turn):
    """A check of the first frame against the stored one, turned."""

    def check(trial):
        with av.open(str(trial.path)) as container:
            stored = next(container.decode(video=0)).to_ndarray(format="rgb24")
        wanted = np.int16(turn(stored))
        off = [
            np.abs(media.read_frame(path, 0) - wanted).mean()
            for path in (trial.path, trial.output)
        ]
        right = off[0] < 2 and off[1] < 8
        return right, f"read {off[0]:.1f} and written {off[1]:.1f} levels off"

    return check


def has_srgb_colors(trial):
    """Patches of the photo are those of its twin in sRGB."""
    photo, truth = (
        cv2.blur(media.read_photo(path), (9, 9)).astype(int)
        for path in (trial.path, trial.path.with_name(TRUTH))
    )
    off = np.percentile(np.abs(photo - truth).max(axis=2), 90)
    return off <= 2, f"{off:.0f} levels off; {media.photo_notes(trial.path)}"


def has_no_comb(trial):
    """Neighbouring lines differ less than they do in the file."""
    with av.open(str(trial.path)) as container:
        combs = [
            _comb(frame.to_ndarray(format="gray"))
            for frame in container.decode(video=0)
        ]
    written = [
        _comb(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
        for _, _, frame in media.read_frames(trial.output)
    ]
    share = np.mean(written) / np.mean(combs)
    said = trial.notes()
    right = share < 0.7 and "interlaced" in said
    return right, f"comb lines {share:.2f} of the file's; {said}"


def _comb(grey):
    grey = grey.astype(np.float32)
    beside = (grey[:-2] + grey[2:]) / 2
    return float(np.abs(grey[1:-1] - beside).mean())


def is_white_where_transparent(trial):
    """What is seen through is as white as paper, and said."""
    with av.open(str(trial.path)) as container:
        alpha = next(container.decode(video=0)).to_ndarray(format="rgba")
    hidden = cv2.erode(np.uint8(alpha[..., 3] == 0), np.ones((9, 9))) > 0
    least = media.read_frame(trial.output, 0)[hidden].min()
    said = trial.notes()
    right = least >= 250 and "white" in said
    return right, f"{least} of 255 where transparent; {said}"


def has_known_matrix(trial):
    """Patches are what the matrix of SMPTE 240M makes of what is stored."""
    with av.open(str(trial.path)) as container:
        frame = next(container.decode(video=0))
        planes = frame.reformat(format="yuv444p").to_ndarray().astype(float)
    bright, blue, red = planes.reshape(3, frame.height, frame.width)
    bright = (bright - 16) / 219
    blue, red = (blue - 128) / 224, (red - 128) / 224
    r, b = bright + 1.576 * red, bright + 1.826 * blue
    g = (bright - 0.212 * r - 0.087 * b) / 0.701
    wanted = np.clip(np.stack([r, g, b], axis=-1) * 255, 0, 255)
    off = np.abs(media.read_frame(trial.path, 0) - wanted).max(axis=2)
    off = np.percentile(off, 90)  # patches have borders
    return off <= 2, f"{off:.0f} levels off"


def is_turned_by(degrees):
    """A check that the face is cut and pasted as it stands in the photo."""

    def check(trial):
        rolls = [record["roll"] for record in trial.records()]
        off = [_between(roll, degrees) for roll in rolls]
        (swap,) = trial.swapped["swaps"]
        # from the frame to an upright crop
        angle = np.degrees(np.arctan2(swap.matrix[1, 0], swap.matrix[0, 0]))
        off.append(_between(angle, degrees))
        right = max(off) < 12 and trial.swapped["faces_swapped"] == 1
        return right, f"cut at {rolls[0]:.0f}, pasted at {angle:.0f} degrees"

    return check


def _between(angle, other):
    return abs((angle - other + 180) % 360 - 180)


def has_no_color(trial):
    """A colourless photo stays colourless."""
    swapped = media.read_photo(trial.output).astype(int)
    chroma = np.ptp(swapped, axis=2).max()
    return chroma <= 2, f"chroma up to {chroma}"


def keep_their_sources(trial):
    """Who began on the left is green to the end, on the right blue."""
    output = trial.folder / "painted.mp4"
    with contextlib.redirect_stdout(io.StringIO()):
        swap_video(
            Painter(),
            trial.path,
            output,
            {"left": "Left", "right": "Right"},
            trial.detector,
            visible=False,
            color="none",
            blend="alpha",
        )
    *_, (_, _, last) = media.read_frames(output)
    _, _, first = next(media.read_frames(output))
    places = [
        [np.nonzero(_painted(frame, channel))[1].mean() for channel in (1, 2)]
        for frame in (first, last)
    ]
    (left, right), (green, blue) = places
    shown = f"green {left:.0f} to {green:.0f}, blue {right:.0f} to {blue:.0f}"
    return bool(left < right and green > blue), shown


def _painted(frame, channel):
    others = [n for n in range(3) if n != channel]
    return frame[..., channel] - frame[..., others].max(axis=2).astype(int) > 90


def begins_with_its_face(trial):
    """Notebook 05 takes the first frame with a face, and shows such ones."""
    job = SwapJob(trial.comb, trial.detector, "Left", None, trial.path)
    frame, landmarks = job.first_face()
    found, report = trial.detector.detect([frame])[0], trial.swapped
    off = np.abs(found[0]["landmarks"] - landmarks).max()
    counts = report["swapped"], report["frames"], report["without_face"]
    shown = "{} of {} swapped, {} without a face".format(*counts)
    return off < 1 and counts == (50, 55, 5), shown


def builds_with_these_settings(trial):
    """The course works with what another one left in the home folder."""
    shutil.copy(trial.path, trial.folder / "keras.json")
    done = subprocess.run(
        [sys.executable, "-c", BUILD],
        env={**os.environ, "KERAS_HOME": str(trial.folder)},
        capture_output=True,
        text=True,
    )
    said = (done.stdout or done.stderr).strip().splitlines()[-1]
    return said == "float32 (2, 16, 16, 3)", said


EXPECTED = {
    "trimmed_without_encoding.mp4": (
        "35 frames, whole, test not empty",
        is_whole_and_held_out,
    ),
    "cut_short_unnoticed.mkv": (
        "51 frames, breaks off",
        of_the_result("breaks off", frames=51),
    ),
    "mirrored_by_its_matrix_hflip.mp4": (
        "mirrored, upright",
        as_turned(np.fliplr),
    ),
    "mirrored_by_its_matrix_transpose.mp4": (
        "mirrored, upright",
        as_turned(lambda frame: frame.swapaxes(0, 1)),
    ),
    "frame_size_changes.webm": (
        "50 frames of one size, said",
        of_the_result("size", frames=50, size=(480, 360)),
    ),
    "mp3_in_avi.avi": ("sound copied", of_the_result("", codec="mp3")),
    "sound_192000_hz.mkv": (
        "AAC of 48 kHz, said",
        of_the_result("48000", codec="aac", rate=48000),
    ),
    "two_joined_with_sound.ts": (
        "100 frames, 4 s, as the sound",
        of_the_result("", frames=100, seconds=4.0, sound=4.0),
    ),
    "one_damaged_packet.mp4": (
        "99 frames, said",
        of_the_result("damaged", frames=99, seconds=4.0),
    ),
    "one_damaged_sound_packet.mkv": (
        "1.9 s of sound",
        of_the_result("damaged", sound=1.95),
    ),
    "photo_profile_p3.jpg": ("2 levels off at most", has_srgb_colors),
    "cover_art_first.mp4": (
        "50 frames of 480x360",
        of_the_result("", frames=50, size=(480, 360)),
    ),
    "interlaced.mp4": ("de-interlaced, said", has_no_comb),
    "transparent.mov": ("white, said", is_white_where_transparent),
    "no_face_in_the_first_frames.mp4": (
        "05 begins with its first face, 50 of 55 swapped",
        begins_with_its_face,
    ),
    "photo_turned_90.jpg": ("face at 90 degrees", is_turned_by(90)),
    "photo_turned_180.jpg": ("face at 180 degrees", is_turned_by(180)),
    "moving.webp": (
        "every frame swapped",
        lambda trial: (
            trial.swapped["swapped"] == trial.measured()["frames"] > 1,
            f"{trial.swapped['swapped']} frames swapped",
        ),
    ),
    "two_people_pass.mp4": ("each keeps its source", keep_their_sources),
    "matrix_smpte240m.mkv": ("2 levels off at most", has_known_matrix),
    "photo_black_and_white.png": ("no colour", has_no_color),
    "keras_channels_first.json": (
        "networks are built",
        builds_with_these_settings,
    ),
}


def judge(trial):
    """What was expected of a file, what came, and whether it is right."""
    expected, check = EXPECTED.get(trial.path.name, ("no traceback", None))
    if trial.path.suffix != ".json":
        trial.run()
    if check is None:
        said = trial.errors or [trial.notes() or "extracted and swapped"]
        return expected, not trial.crashed, "; ".join(said)
    try:
        right, got = check(trial)
    except Exception as error:  # noqa: BLE001 (nothing came that can be judged)
        right, got = False, f"{type(error).__name__}: {error}"
    if trial.crashed or not right:
        got = "; ".join([got, *trial.errors])
    return expected, bool(right) and not trial.crashed, got


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default="../shared/data/reported")
    parser.add_argument("--only", default="", help="part of a file's name")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder)
    if not folder.is_dir():
        sys.exit(f"There should be a folder of files at {folder}: --folder")
    crowd = bundles.load_bundle("weights/shared/crowd_64", (Crowd,))
    comb, detector = comb_for(crowd, IDENTITIES), detection.FaceDetector()
    paths = [
        path
        for path in sorted(folder.iterdir())
        if path.name != "README.md" and options.only in path.name
    ]
    for name in sorted(set(EXPECTED) - {path.name for path in paths}):
        if options.only in name:
            print(f"{name}: expected, but not in {folder}")
    right = 0
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(path, pathlib.Path(folder), comb, detector)
            expected, is_right, got = judge(trial)
        right += is_right
        sign = "right" if is_right else "WRONG"
        print(f"{sign}  {path.name} -> {expected} -> {got}", flush=True)
    print(json.dumps({"files": len(paths), "right": right}))


if __name__ == "__main__":
    main()
