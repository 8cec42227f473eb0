"""Face sets: a folder of footage in, aligned crops with their records out."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import zipfile

import cv2
import numpy as np
from PIL import Image

from helpers import alignment, consent, manifests, masks, media

MADE_BY = "01_data_generation"
RECORDS = "faces.jsonl"
FILES = "files.jsonl"
REPORT = "report.json"

# below this distance between the pupils a crop is mostly invented pixels
SMALLEST_EYES = 14

# a crop may lie beyond the picture's edge by this share of what is seen
LARGEST_OUTSIDE = 0.3

# 20 kB a crop of 256 pixels, with its colours at full resolution
JPEG_QUALITY = 95

# frames that are detected together, and how many pixels they may hold
BATCH_FRAMES = 32
BATCH_PIXELS = 48_000_000


class FaceSet:
    """The faces of one identity: records, with crops and masks on disk.

    Attributes:
        identity: str, the name.
        folder: pathlib.Path that holds `crops/` and `masks/`.
        contract: dict, the data contract.
        records: list of dicts, one a face (`crop`, `mask`, `file`, `frame`,
            `time`, `take`, `split`, `score`, `landmarks`, `matrix`, `box`,
            `sharpness`, `yaw`, `pitch`, `roll`, `faces_in_frame`,
            `frame_parameters`, `sha256`).
    """

    def __init__(self, identity, folder, contract, records):
        self.identity = identity
        self.folder = pathlib.Path(folder)
        self.contract = contract
        self.records = records

    def __len__(self):
        return len(self.records)

    def select(self, split):
        """The faces of one split.

        Args:
            split: `"train"` or `"test"`.

        Returns:
            FaceSet, maybe empty.

        Raises:
            ValueError: if the split has another name.
        """
        if split not in ("train", "test"):
            raise ValueError(
                f'split should be "train" or "test". Received: {split!r}'
            )
        records = [each for each in self.records if each["split"] == split]
        return FaceSet(self.identity, self.folder, self.contract, records)

    def pick(self, rows):
        """Face set of the records in these rows, a sequence of int."""
        return FaceSet(
            self.identity,
            self.folder,
            self.contract,
            [self.records[row] for row in rows],
        )

    def join(self, other):
        """Face set of these faces and of others of the same identity.

        Args:
            other: `FaceSet`, whose files may lie in another folder.

        Returns:
            FaceSet: its own faces first.

        Raises:
            ValueError: if it is another identity's.
            ContractError: if it follows another contract.
        """
        if other.identity != self.identity:
            raise ValueError(
                "Only faces of one identity can be joined. Received: "
                f"{self.identity} and {other.identity}"
            )
        manifests.check_contract(self.contract, other.contract, MADE_BY)
        elsewhere = [
            {
                **each,
                "crop": str((other.folder / each["crop"]).resolve()),
                "mask": str((other.folder / each["mask"]).resolve()),
            }
            for each in other.records
        ]
        records = [*self.records, *elsewhere]
        return FaceSet(self.identity, self.folder, self.contract, records)

    @property
    def rendered(self):
        """Whether nobody was photographed: all frames are of the renderer."""
        return all(each["frame_parameters"] for each in self.records)

    def load_crops(self, size=None):
        """Whole stored crops.

        Args:
            size: int, side to resize to (by area), or `None` for the stored.

        Returns:
            uint8 array, shape `(faces, size, size, 3)`, RGB.

        Raises:
            FileNotFoundError: if a crop is gone.
            ValueError: if a crop cannot be read.
        """
        return self._load("crop", size, "RGB")

    def load_masks(self, size=None):
        """Whole stored masks.

        Args:
            size: int, side to resize to (by area), or `None` for the stored.

        Returns:
            uint8 array, shape `(faces, size, size)`, 0 outside the face.

        Raises:
            FileNotFoundError: if a mask is gone.
            ValueError: if a mask cannot be read.
        """
        return self._load("mask", size, "L")

    def _load(self, key, size, mode):
        size = size or self.contract["crop_size"]
        channels = (3,) if mode == "RGB" else ()
        result = np.empty((len(self), size, size, *channels), np.uint8)

        def read(record):
            return _resize(_read_picture(self.folder / record[key], mode), size)

        # decoding and resizing leave Python alone, so threads share the work
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for index, picture in enumerate(pool.map(read, self.records)):
                result[index] = picture
        return result

    def pairs(self, other):
        """Test faces of two identities that were filmed alike.

        Test takes of synthetic people share their frame parameters, so the
        other's crop of the same file and frame is the truth of a swap. Real
        footage has no such truth, whatever its files are called.

        Args:
            other: FaceSet of another identity.

        Returns:
            list of `(index, index in other)`, in the order of this set.
        """
        there = {
            (record["file"], record["frame"]): index
            for index, record in enumerate(other.records)
            if record["split"] == "test"
        }
        result = []
        for index, record in enumerate(self.records):
            twin = there.get((record["file"], record["frame"]))
            if record["split"] != "test" or twin is None:
                continue
            parameters = record["frame_parameters"]
            alike = parameters == other.records[twin]["frame_parameters"]
            if parameters is not None and alike:
                result.append((index, twin))
        return result


def evenly(count, most):
    """Places in a sequence, evenly spread from its first to its last.

    Args:
        count: int. Length of the sequence.
        most: int. Places at most.

    Returns:
        int array, shape `(min(most, count),)`.
    """
    return np.linspace(0, count - 1, min(most, count)).round().astype(int)


def _read_picture(path, mode):
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path} is gone. Run notebooks/{MADE_BY}.ipynb again."
        ) from error
    except media.PHOTO_ERRORS as error:
        raise ValueError(
            f"{path} cannot be read ({error}). Delete the folder "
            f"{path.parent.parent} and run notebooks/{MADE_BY}.ipynb again."
        ) from error


def _resize(picture, size):
    if picture.shape[:2] == (size, size):
        return picture
    smaller = size < picture.shape[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(picture, (size, size), interpolation=way)


def extract_faces(
    footage_folder,
    output_folder,
    contract,
    detector,
    identity,
    every=1,
    held_out_share=0.1,
    max_faces=None,
    progress=None,
):
    """Turn the photos and videos of one person into a face set.

    One face a frame, the one that `detector` puts first. Interrupted and
    called again with the same settings, it goes on at the first unfinished
    file and yields the same face set as one run; with other settings, or
    where files changed, it starts anew from there.

    The split is by take, never by frame, because neighbouring frames are
    near-copies: a synthetic clip's truth says its split; of many videos every
    few whole ones are held out, of a few videos the last part of each, of
    photos the last ones in the order of their names.

    Args:
        footage_folder: str or path of this person's photos and videos.
        output_folder: str or path; faces go to its folder `identity`.
        contract: dict from `manifests.data_contract()`.
        detector: `detection.FaceDetector`, or anything with `detect(images)`.
        identity: str. Name of the person, a plain folder name.
        every: int. Every how many frames of a video one is looked at.
        held_out_share: float in [0, 1). Share held out as `"test"`.
        max_faces: int or `None`. Frames are thinned out evenly over all
            footage so that at most about so many are looked at.
        progress: called as `progress(frames done, frames expected)`, or
            `None`.

    Returns:
        dict: `files` (read), `other_files` (names that are no footage),
        `left_out_files` (name to reason; of a video that breaks off,
        the frames before are used), `frames`, `no_face`, `one_face`,
        `several_faces`, `kept`, `left_out` (reason to count), `train`,
        `test`, `every` (dict with the step over frames and over photos),
        `consent` (dict from `consent.read_consent`).

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if there is no footage in it, no face in the footage, its
            `consent.toml` says too little, or an argument is out of range.
    """
    check_identity(identity)
    if every < 1 or not 0 <= held_out_share < 1:
        raise ValueError(
            "every should be at least 1 and held_out_share in [0, 1). "
            f"Received: every={every!r}, held_out_share={held_out_share!r}"
        )
    footage_folder = pathlib.Path(footage_folder)
    agreed = consent.read_consent(footage_folder)
    folder = pathlib.Path(output_folder) / identity
    photos, videos, others = media.list_media(footage_folder)
    plans, steps = _plan_files(
        footage_folder, photos, videos, every, held_out_share, max_faces
    )
    settings = {
        "contract": contract,
        "detector": getattr(detector, "parameters", {}),
    }
    writer = _FaceWriter(folder, contract, settings)
    todo = writer.resume(plans)
    if todo:
        # from here on the folder is unfinished, until its manifest is written
        (pathlib.Path(output_folder) / manifests.MANIFEST).unlink(
            missing_ok=True
        )
    with writer:
        _extract_files(footage_folder, todo, detector, writer, progress)
    report = _sum_up(writer.entries, writer.records)
    report["other_files"] = [
        path.relative_to(footage_folder).as_posix() for path in others
    ]
    report["every"] = steps
    report["consent"] = agreed
    if not report["kept"]:
        raise ValueError(_nothing_found(footage_folder, report))
    manifests.write_json(folder / REPORT, report)
    return report


def check_identity(identity):
    if not isinstance(identity, str) or not re.fullmatch(
        r"[^\W_](?:[\w .-]{0,62}[\w-])?", identity
    ):
        raise ValueError(
            "An identity is a name that a folder can have: letters, digits, "
            "spaces, _ . or -, starting with a letter or digit. "
            f"Received: {identity!r}"
        )


def _nothing_found(footage_folder, report):
    reasons = "; ".join(
        f"{name}: {reason}"
        for name, reason in list(report["left_out_files"].items())[:5]
    )
    return (
        f"{footage_folder} should show at least one face that can be used. "
        f"Received: {report['frames']} frames, {report['no_face']} without a "
        f"face, left out {report['left_out'] or 'none'}, unreadable files "
        f"{len(report['left_out_files'])} ({reasons or 'none'}). Use footage "
        "in which the face is upright, lit and at least a tenth of the "
        "picture's height, or lower the detector's min_face_share."
    )


# ---- which frame belongs to which take, and which take is held out


def _plan_files(folder, photos, videos, every, held_out_share, max_faces):
    """One plan a file, in the order of their names, and the steps used."""
    estimates = {path: _estimate_frames(path) for path in videos}
    looked_at = sum(-(-count // every) for count in estimates.values())
    looked_at += len(photos)
    thinning = 1
    if max_faces is not None and max_faces < looked_at:
        thinning = -(-looked_at // max(1, max_faces))
    photos = photos[::thinning]
    plans = _plan_photos(photos, held_out_share)
    plans |= _plan_videos(videos, estimates, held_out_share)
    result = []
    for path in sorted(plans):
        status = path.stat()
        result.append(
            {
                "file": path.relative_to(folder).as_posix(),
                "bytes": status.st_size,
                "changed": status.st_mtime_ns,
                "expected": estimates.get(path, 1),
                "step": every * thinning if path in estimates else 1,
                **plans[path],
            }
        )
    return result, {"frames": every * thinning, "photos": thinning}


def _estimate_frames(path):
    try:
        return media.probe_video(path)["frames"]
    except media.MediaError:
        return 1  # its fault is reported when it is its turn


def _plan_photos(photos, held_out_share):
    held_out = round(len(photos) * held_out_share)
    if held_out_share > 0 and len(photos) >= 4:
        held_out = max(1, held_out)
    train = len(photos) - held_out
    return {
        path: {
            "take": "photos" if index < train else "photos held out",
            "split": "train" if index < train else "test",
            "segment": None,
        }
        for index, path in enumerate(photos)
    }


def _plan_videos(videos, estimates, held_out_share):
    plans, plain = {}, []
    for path in videos:
        if not _truth_path(path).is_file():
            plain.append(path)
            continue
        try:
            split = _read_truth(_truth_path(path))["split"]
        except media.MediaError:
            split = "train"  # left out with its fault when it is its turn
        plans[path] = {"take": path.name, "split": split, "segment": None}
    spacing = round(1 / held_out_share) if held_out_share else len(plain) + 1
    for index, path in enumerate(plain):
        split, segment = "train", None
        if not held_out_share:
            pass
        elif len(plain) >= spacing:
            split = "test" if index % spacing == spacing - 1 else "train"
        else:
            segment = int(estimates[path] * (1 - held_out_share)) or None
        plans[path] = {"take": path.name, "split": split, "segment": segment}
    return plans


def _take_of(plan, index):
    """Name of the take, and its split, of one frame of a planned file."""
    if plan["segment"] is not None and index >= plan["segment"]:
        return plan["take"] + " held out", "test"
    return plan["take"], plan["split"]


def _truth_path(path):
    return path.with_name(path.stem + ".truth.json")


def _read_truth(path):
    try:
        truth = json.loads(path.read_text(encoding="utf-8"))
        good = truth["split"] in ("train", "test") and truth["frames"]
    except (ValueError, KeyError, TypeError) as error:
        raise media.MediaError(_truth_message(path, error)) from error
    if not good:
        raise media.MediaError(_truth_message(path, "no split or no frames"))
    return truth


def _truth_message(path, reason):
    return (
        f"{path} should be the truth of a synthetic clip. Received: {reason}. "
        "Delete the clip with its .truth.json and .masks.npz and run "
        f"notebooks/{MADE_BY}.ipynb again; it films it anew."
    )


# ---- frames in, records out


def _extract_files(footage_folder, plans, detector, writer, progress):
    """Detect in batches that may span files; records keep their order."""
    expected = sum(-(-plan["expected"] // plan["step"]) for plan in plans)
    batch, pixels, frames, done = [], 0, 0, 0
    for item in _stream_frames(footage_folder, plans):
        batch.append(item)
        image = item["image"]
        if image is not None:
            frames += 1
            pixels += image.shape[0] * image.shape[1]
        if frames >= BATCH_FRAMES or pixels >= BATCH_PIXELS:
            _extract_batch(batch, detector, writer)
            done += frames
            batch, pixels, frames = [], 0, 0
            if progress is not None:
                progress(done, max(expected, done))
    _extract_batch(batch, detector, writer)
    if progress is not None and plans:
        progress(done + frames, done + frames)


def _stream_frames(footage_folder, plans):
    """Dicts of one frame each; after a file's last one, one without image."""
    for plan in plans:
        path = footage_folder / plan["file"]
        error = None
        truth = painted = None
        try:
            if _truth_path(path).is_file():
                truth = _read_truth(_truth_path(path))
                painted = _read_painted_masks(path, len(truth["frames"]))
            for index, time, image in _read_file(path, plan["step"]):
                item = {
                    "plan": plan,
                    "index": index,
                    "time": time,
                    "image": image,
                    "parameters": None,
                    "mask": None,
                }
                if truth is not None and index < len(truth["frames"]):
                    frame = truth["frames"][index]
                    item["parameters"] = frame["parameters"]
                    item["mask"] = painted[index]
                yield item
        except media.MediaError as reason:
            error = str(reason)
        yield {"plan": plan, "image": None, "error": error}


def _read_file(path, step):
    if path.suffix.lower() in media.PHOTO_ENDINGS:
        yield 0, None, media.read_photo(path)
    else:
        yield from media.read_frames(path, step=step)


def _read_painted_masks(path, frames):
    path = path.with_name(path.stem + ".masks.npz")
    try:
        with np.load(path) as arrays:
            painted = arrays["masks"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise media.MediaError(_truth_message(path, error)) from error
    if painted.dtype != np.uint8 or len(painted) != frames:
        raise media.MediaError(
            _truth_message(path, f"{painted.dtype} {painted.shape}")
        )
    return painted


def _extract_batch(batch, detector, writer):
    frames = [item for item in batch if item["image"] is not None]
    found = iter(detector.detect([item["image"] for item in frames]))
    for item in batch:
        if item["image"] is None:
            writer.finish_file(item["plan"], item["error"])
        else:
            writer.add_frame(item, next(found))


def _outside_share(matrix, contract, shape):
    """Share of what the network sees that lies beyond the picture's edge."""
    margin = (1 - contract["coverage"]) / 2
    steps = (np.linspace(margin, 1 - margin, 16)) * contract["crop_size"]
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    back = alignment.invert_transform(matrix)
    points = alignment.transform_points(back, grid)
    inside = (points >= 0) & (points < (shape[1], shape[0]))
    return 1 - inside.all(axis=1).mean()


def _reason_to_leave(face, matrix, contract, shape):
    landmarks = np.asarray(face["landmarks"], dtype=np.float64)
    if np.linalg.norm(landmarks[1] - landmarks[0]) < SMALLEST_EYES:
        return "too small"
    inside = (landmarks >= 0) & (landmarks < (shape[1], shape[0]))
    outside = _outside_share(matrix, contract, shape)
    if not inside.all() or outside > LARGEST_OUTSIDE:
        return "cut off by the picture's edge"
    return None


class _FaceWriter:
    """Appends faces and finished files; knows where a run was broken off."""

    def __init__(self, folder, contract, settings):
        self.folder = folder
        self.contract = contract
        self.settings = settings
        self.records = []
        self.entries = []
        self.counts = _empty_counts()

    def resume(self, plans):
        """Keep what is finished and still as planned; give the rest."""
        old = _read_finished(self.folder / FILES)
        if old[:1] == [{"settings": self.settings}]:
            for plan, entry in zip(plans, old[1:], strict=False):
                if entry.get("plan") != plan:
                    break
                self.entries.append(entry)
        kept = sum(entry["counts"]["kept"] for entry in self.entries)
        lines = _complete_lines(self.folder / RECORDS)[:kept]
        if len(lines) < kept:
            self.entries, lines = [], []  # somebody cut the records
        self.records = _parse_records(self.folder / RECORDS, lines)
        todo = plans[len(self.entries) :]
        if todo:
            self._remove_unfinished(len(lines))
            head = [{"settings": self.settings}, *self.entries]
            manifests.write_text(
                self.folder / RECORDS, "".join(line + "\n" for line in lines)
            )
            manifests.write_text(
                self.folder / FILES,
                "".join(json.dumps(each) + "\n" for each in head),
            )
            (self.folder / REPORT).unlink(missing_ok=True)
        return todo

    def _remove_unfinished(self, kept):
        """Crops and masks that no kept record speaks of."""
        for pattern in ("crops/*.jpg", "masks/*.png"):
            for path in self.folder.glob(pattern):
                if path.stem.isdigit() and int(path.stem) >= kept:
                    path.unlink()

    def __enter__(self):
        self.record_file = open(
            self.folder / RECORDS, "a", encoding="utf-8", newline="\n"
        )
        return self

    def __exit__(self, *_):
        self.record_file.close()

    def add_frame(self, item, faces):
        counts = self.counts
        counts["frames"] += 1
        many = ("no_face", "one_face", "several_faces")[min(len(faces), 2)]
        counts[many] += 1
        if not faces:
            return
        face, shape = faces[0], item["image"].shape
        matrix = alignment.crop_matrix(face["landmarks"], self.contract)
        reason = _reason_to_leave(face, matrix, self.contract, shape)
        if reason is not None:
            counts["left_out"][reason] = counts["left_out"].get(reason, 0) + 1
            return
        record = self._write_face(item, face, matrix)
        record["faces_in_frame"] = len(faces)
        self.record_file.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.record_file.flush()
        self.records.append(record)
        counts["kept"] += 1

    def _write_face(self, item, face, matrix):
        size = self.contract["crop_size"]
        yaw, pitch, roll = alignment.estimate_pose(face["landmarks"])
        crop = alignment.cut_crop(item["image"], matrix, size)
        if item["mask"] is None:
            mask = masks.face_mask(size, self.contract, yaw)
            mask = np.round(mask * 255).astype(np.uint8)
        else:
            mask = masks.warp_mask(item["mask"], matrix, size)
        name = f"{len(self.records):06d}"
        crop_name, mask_name = f"crops/{name}.jpg", f"masks/{name}.png"
        written = media.encode_image(crop, ".jpg", JPEG_QUALITY)
        _write_bytes(self.folder / crop_name, written)
        _write_bytes(self.folder / mask_name, media.encode_image(mask, ".png"))
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        take, split = _take_of(item["plan"], item["index"])
        return {
            "crop": crop_name,
            "mask": mask_name,
            "file": item["plan"]["file"],
            "frame": item["index"],
            "time": item["time"],
            "take": take,
            "split": split,
            "score": face["score"],
            "landmarks": np.asarray(face["landmarks"], float).tolist(),
            "matrix": matrix.tolist(),
            "box": [float(value) for value in face["box"]],
            "sharpness": float(cv2.Laplacian(grey, cv2.CV_64F).var()),
            "yaw": yaw,
            "pitch": pitch,
            "roll": roll,
            "frame_parameters": item["parameters"],
            "sha256": hashlib.sha256(written).hexdigest(),
        }

    def finish_file(self, plan, error):
        """Note a file as done; the file's records were flushed before."""
        entry = {"plan": plan, "counts": self.counts, "error": error}
        with open(
            self.folder / FILES, "a", encoding="utf-8", newline="\n"
        ) as file:
            file.write(json.dumps(entry) + "\n")
        self.entries.append(entry)
        self.counts = _empty_counts()


def _empty_counts():
    return {
        "frames": 0,
        "no_face": 0,
        "one_face": 0,
        "several_faces": 0,
        "kept": 0,
        "left_out": {},
    }


def _write_bytes(path, content):
    """A crop's file. Waiting for the disk each time would halve the speed;
    what a crash leaves behind has no record, and the next run removes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _complete_lines(path):
    """Lines of a file that was appended to; a half-written last one goes."""
    if not path.is_file():
        return []
    # not splitlines: names may hold characters that it breaks lines at
    return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]


def _read_finished(path):
    finished = []
    for line in _complete_lines(path):
        try:
            finished.append(json.loads(line))
        except json.JSONDecodeError:
            break  # what stands after a torn line is done again
    return finished


def _parse_records(path, lines):
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            good = isinstance(record, dict) and {"crop", "split"} <= set(record)
        except json.JSONDecodeError:
            good = False
        if not good:
            raise ValueError(
                f"Line {number} of {path} should be a face's record in JSON. "
                f"Received: {line[:60]!r}. Delete the folder {path.parent} "
                f"and run notebooks/{MADE_BY}.ipynb again."
            )
        records.append(record)
    return records


def _sum_up(entries, records):
    report = {
        "files": len(entries),
        "left_out_files": {
            entry["plan"]["file"]: entry["error"]
            for entry in entries
            if entry["error"] is not None
        },
        **_empty_counts(),
    }
    for entry in entries:
        for name, count in entry["counts"].items():
            if name == "left_out":
                for reason, times in count.items():
                    before = report["left_out"].get(reason, 0)
                    report["left_out"][reason] = before + times
            else:
                report[name] += count
    for split in ("train", "test"):
        report[split] = sum(record["split"] == split for record in records)
    return report


# ---- the folder of all identities


def write_face_sets(
    output_folder, identities, contract, parameters=None, least=2
):
    """Finish the face sets' folder: write its manifest.

    Args:
        output_folder: str or path that `extract_faces` wrote to.
        identities: list of str, different names.
        contract: dict from `manifests.data_contract()`.
        parameters: dict of the notebook's parameters.
        least: int. Fewest identities: 1 for faces that join others.

    Returns:
        dict: the manifest, with `identities`, a dict of name to `train`,
        `test` (counts), `consent` and `report`.

    Raises:
        FileNotFoundError: if an identity's faces are missing or unfinished.
        ValueError: if there are too few identities, or one twice.
        manifests.ContractError: if faces were cut under another contract.
    """
    folder = pathlib.Path(output_folder)
    identities = list(identities)
    different = len(set(identities))
    if different < least or different < len(identities):
        raise ValueError(
            "A swap needs at least two different identities. "
            f"Received: {identities!r}. Give one folder of footage for each."
        )
    summary, files = {}, []
    for identity in identities:
        check_identity(identity)
        report_path = folder / identity / REPORT
        if not report_path.is_file():
            raise FileNotFoundError(
                f"The faces of {identity!r} are missing or unfinished: there "
                f"is no {report_path}. Run facesets.extract_faces for it."
            )
        head = _read_finished(folder / identity / FILES)[:1]
        received = head[0]["settings"]["contract"] if head else {}
        manifests.check_contract(contract, received, MADE_BY)
        report = json.loads(report_path.read_text(encoding="utf-8"))
        summary[identity] = {
            "train": report["train"],
            "test": report["test"],
            "consent": report["consent"],
            "report": report,
        }
        files += [f"{identity}/{RECORDS}", f"{identity}/{REPORT}"]
    return manifests.write_manifest(
        folder,
        MADE_BY,
        contract,
        parameters,
        files,
        identities=summary,
    )


def read_face_set(folder, identity, contract=None):
    """The faces of one identity from a finished folder.

    Args:
        folder: str or path that `write_face_sets` finished.
        identity: str, a name that the manifest lists.
        contract: dict, the contract of the stage that reads, or `None`.

    Returns:
        FaceSet.

    Raises:
        FileNotFoundError: if the folder is missing or unfinished.
        ValueError: if there is no such identity, or if a record is broken.
        manifests.ContractError: if the contracts differ.
    """
    folder = pathlib.Path(folder)
    manifest = manifests.read_manifest(folder, MADE_BY)
    known = list(manifest["identities"])
    if identity not in known:
        raise ValueError(_unknown_identity(folder, known, identity))
    if contract is not None:
        manifests.check_contract(contract, manifest["contract"], MADE_BY)
    path = folder / identity / RECORDS
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is gone. Run notebooks/{MADE_BY}.ipynb again."
        )
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    records = _parse_records(path, lines[:-1] if not lines[-1] else lines)
    return FaceSet(identity, path.parent, manifest["contract"], records)


def consent_of(folder, identity):
    """What was stated about a person when their face set was made.

    Args:
        folder: str or path that `write_face_sets` finished.
        identity: str, a name that the manifest lists.

    Returns:
        dict, see `consent.read_consent`.

    Raises:
        FileNotFoundError: if the folder is missing or unfinished.
        ValueError: if there is no such identity.
    """
    identities = manifests.read_manifest(folder, MADE_BY)["identities"]
    if identity not in identities:
        raise ValueError(_unknown_identity(folder, identities, identity))
    # older face sets do not say
    return identities[identity].get("consent", consent.unstated())


def _unknown_identity(folder, known, identity):
    return (
        f"{folder} holds the identities {', '.join(known)}. "
        f"Received: {identity!r}. Use one of them, or add its footage "
        f"and run notebooks/{MADE_BY}.ipynb again."
    )
