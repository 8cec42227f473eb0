"""Film on disk: names and seeds in, clips with their truth beside them out.

A clip `train_000.mp4` has two sidecars: `train_000.truth.json` (who was
filmed with which frame parameters, and where the landmarks are) and
`train_000.masks.npz` (key `masks`). The truth is written last: a clip without
it is unfinished and is filmed anew.
"""

import contextlib
import json
import pathlib
import tempfile
import wave
import zlib

import av
import numpy as np

from helpers.files import manifests
from helpers.footage import consent, listing, media
from helpers.synthetic.identity import identity_parameters
from helpers.synthetic.motion import sample_take
from helpers.synthetic.person import build_named_person
from helpers.synthetic.rendering import render
from helpers.synthetic.voice import SAMPLE_RATE, make_voice
from helpers.synthetic.workers import run_jobs

FORMAT = 1
CRF = 12  # nearly lossless: artefacts would be learnt as part of the face
CLIP_FRAME_RATE = 25
COMMENT = "A synthetic person. Nobody was filmed."
# where footage is from, and what was agreed
NOBODY = ("rendered by this course", "nobody was filmed: the person is made up")


def write_take(
    folder,
    stem,
    person_name,
    frame_parameters,
    split,
    size=256,
    frame_rate=25,
    sound=False,
):
    """Film a take: an mp4 file, its masks and its truth.

    A take that is there already with the same parameters is left alone.

    Args:
        folder: str or path, made if needed.
        stem: str, name of the files without their endings.
        person_name: str, see `identity_parameters`.
        frame_parameters: list of dicts, one a frame, see `sample_take`.
        split: `"train"` or `"test"`.
        size: even int, side of the frame in pixels.
        frame_rate: float, frames per second.
        sound: bool, whether a voice follows the mouth.

    Returns:
        pathlib.Path of the mp4 file.

    Raises:
        ValueError: if the person, the split or a frame parameter does not
            exist, if `size` is odd, or if there are no frames.
    """
    if split not in ("train", "test"):
        raise ValueError(
            f"A take is for 'train' or for 'test'. Received: split={split!r}"
        )
    if size % 2:
        raise ValueError(
            "H.264 in 4:2:0 needs an even number of pixels a side. "
            f"Received: size={size!r}"
        )
    if not frame_parameters:
        raise ValueError(
            "A take has at least one frame. Received: frame_parameters="
            f"{frame_parameters!r}. Draw some with sample_take()"
        )
    plan = _plan_take(
        person_name, frame_parameters, split, size, frame_rate, sound
    )
    path = pathlib.Path(folder) / f"{stem}.mp4"
    if not _is_finished(path, plan):
        _film(path, plan)
    if not (path.parent / consent.FILE).exists():
        consent.write_consent(path.parent, person_name, *NOBODY)
    return path


def _plan_take(person_name, frame_parameters, split, size, frame_rate, sound):
    """The truth of a take that is known before it is filmed."""
    plan = {
        "format": FORMAT,
        "identity": person_name,
        "identity_parameters": identity_parameters(person_name),
        "split": split,
        "size": size,
        "frame_rate": frame_rate,
        "sound": sound,
        "frames": [{"parameters": frame} for frame in frame_parameters],
    }
    # as it will be read back, with lists for tuples
    return json.loads(json.dumps(plan))


def _sidecars(path):
    return path.with_suffix(".truth.json"), path.with_suffix(".masks.npz")


def _is_finished(path, plan):
    truth_path, masks_path = _sidecars(path)
    if not (path.is_file() and masks_path.is_file() and truth_path.is_file()):
        return False
    try:
        truth = json.loads(truth_path.read_text(encoding="utf-8"))
        frames = [{"parameters": f["parameters"]} for f in truth["frames"]]
    except (json.JSONDecodeError, KeyError, TypeError):
        return False  # damaged, or of another format: film it again
    return {**truth, "frames": frames} == plan


def _film(path, plan):
    """Render, encode, and write what is true of each frame."""
    person = build_named_person(plan["identity"])
    truth_path, masks_path = _sidecars(path)
    truth_path.unlink(missing_ok=True)  # it describes the clip before
    landmarks, masks = [], []

    def frames():
        for frame in plan["frames"]:
            shot = render(person, frame["parameters"], plan["size"])
            landmarks.append(shot["landmarks"].round(3).tolist())
            masks.append(np.rint(shot["mask"] * 255).astype(np.uint8))
            yield shot["image"]

    with tempfile.TemporaryDirectory() as folder:
        voice = _write_voice(folder, plan) if plan["sound"] else None
        media.write_video(
            path,
            frames(),
            plan["frame_rate"],
            sound_from=voice,
            metadata={"comment": COMMENT},
            crf=CRF,
        )
    with manifests.atomic_path(masks_path) as partial:
        np.savez_compressed(partial, masks=np.stack(masks))
    known = zip(plan["frames"], landmarks, strict=True)
    truth = {
        **plan,
        "frames": [{**frame, "landmarks": points} for frame, points in known],
    }
    manifests.write_json(truth_path, truth)


def _write_voice(folder, plan):
    path = pathlib.Path(folder) / "voice.wav"
    opening = [frame["parameters"].get("jaw", 0.0) for frame in plan["frames"]]
    samples = make_voice(opening, plan["frame_rate"])
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def write_footage(
    folder,
    identities,
    training_takes=100,
    test_takes=10,
    frames_per_take=12,
    seed=0,
    size=256,
    frame_rate=5,
    clip_seconds=6,
    processes=2,
    progress=None,
):
    """Film several people: takes to train with, takes and a clip to test.

    Everybody has training takes of their own. Test takes and the clip are
    filmed with the same frame parameters for everybody: the truth of a swap
    is the source's own frame of the same file.

    Args:
        folder: str or path. Each person gets a folder of their name in it.
        identities: list of str, see `identity_parameters`.
        training_takes: int, takes of each person, `train_000.mp4` onwards.
        test_takes: int, takes of each person, `test_000.mp4` onwards.
        frames_per_take: int.
        seed: int. Another seed is other takes of the same people.
        size: even int, side of the frame in pixels.
        frame_rate: float, of the takes, frames per second. Low, so that the
            few frames of a take differ.
        clip_seconds: float, length of `test_clip.mp4`, which has 25 frames
            per second and sound. 0: no clip.
        processes: int, how many frames are rendered at the same time.
        progress: `None`, or a function called as `progress(done, total)`
            with numbers of takes.

    Returns:
        dict with `folder`, `takes` and `frames` (numbers in all),
        `takes_written` and `takes_kept` (finished by an earlier run), and
        `other_takes`: takes that lie in these folders but are of other
        parameters, as paths relative to `folder`.

    Raises:
        ValueError: if a person does not exist, or none is given.
        FileExistsError: if a person's folder holds footage that was not
            rendered.
    """
    if isinstance(identities, str) or not identities:
        raise ValueError(
            "Footage needs a list of names, for example ['Marco', 'Lena']. "
            f"Received: identities={identities!r}"
        )
    takes, counts = [], {"train": training_takes, "test": test_takes}
    for identity in identities:
        home = pathlib.Path(folder) / identity
        if clip_seconds:
            takes.append(_clip(home, identity, seed, size, clip_seconds))
        takes += plan_takes(
            home, identity, counts, frames_per_take, seed, size, frame_rate
        )
    missing = missing_takes(takes)
    for home in dict.fromkeys(take[0] for take in missing):
        _check_rendered(home)
    run_jobs(write_take, missing, processes, progress)
    return _report(pathlib.Path(folder), takes, missing)


def _check_rendered(home):
    """That nobody made up is filmed into footage of somebody real."""
    try:
        photos, videos, _ = listing.list_media(home)
    except (FileNotFoundError, media.MediaError):
        return  # nothing is there yet
    real = [*photos, *(path for path in videos if not is_rendered(path))]
    if real:
        raise FileExistsError(
            f"{home} should hold rendered takes only. Received: {len(real)} "
            f"not rendered, such as {listing.shown_name(real[0].name)}. "
            "Nothing was rendered. If this is your own footage, set SYNTHETIC "
            "= False; for rendered people, choose another FOOTAGE_FOLDER."
        )


def is_rendered(path):
    """Whether a clip was rendered here, finished or broken off.

    Args:
        path: pathlib.Path of a clip.

    Returns:
        bool.
    """
    if _sidecars(path)[0].exists():
        return True
    # interrupted before its truth was written
    with contextlib.suppress(av.error.FFmpegError):
        with av.open(str(path), metadata_errors="replace") as container:
            return container.metadata.get("comment") == COMMENT
    return False


def plan_takes(
    home, identity, counts, frames_per_take, seed=0, size=256, frame_rate=5
):
    """Arguments of `write_take` for the takes of one person.

    Args:
        home: path of the person's folder.
        identity: str, see `identity_parameters`.
        counts: dict from `"train"` and `"test"` to how many takes.
        frames_per_take, seed, size, frame_rate: see `write_footage`.

    Returns:
        list of tuples.
    """
    return [
        (
            home,
            f"{split}_{number:03d}",
            identity,
            sample_take(
                frames_per_take,
                take_seed(seed, split, identity, number),
                frame_rate,
            ),
            split,
            size,
            frame_rate,
            False,
        )
        for split, count in counts.items()
        for number in range(count)
    ]


def missing_takes(takes):
    """Those that are not there as planned, of takes from `plan_takes`."""
    return [
        take
        for take in takes
        if not _is_finished(take[0] / f"{take[1]}.mp4", _plan_take(*take[2:]))
    ]


def _clip(home, identity, seed, size, seconds):
    count = max(1, round(seconds * CLIP_FRAME_RATE))
    frames = sample_take(count, take_seed(seed, "clip", identity, 0))
    rate = CLIP_FRAME_RATE
    return home, "test_clip", identity, frames, "test", size, rate, True


def take_seed(seed, kind, identity, number):
    """Seed of a take: of one's own in training, everybody's same in tests.

    The person's name decides, not the place in the list, so that one more
    person leaves everybody else's takes as they are.
    """
    owner = identity if kind == "train" else ""
    words = [zlib.crc32(word.encode()) for word in (kind, owner)]
    sequence = np.random.SeedSequence([seed, *words, number])
    return int(sequence.generate_state(1)[0])


def _report(folder, takes, written):
    expected = {home / f"{stem}.mp4" for home, stem, *_ in takes}
    present = {path for home, *_ in takes for path in home.glob("*.mp4")}
    others = sorted(present - expected)
    return {
        "folder": str(folder),
        "takes": len(takes),
        "frames": sum(len(take[3]) for take in takes),
        "takes_written": len(written),
        "takes_kept": len(takes) - len(written),
        "other_takes": [path.relative_to(folder).as_posix() for path in others],
    }
