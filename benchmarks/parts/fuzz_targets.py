"""What is fuzzed: files and numbers of strangers, and who has to bear them.

Each target makes a value by a `hypothesis` strategy, and hands it to the
package. It may be taken, or refused by an error of ours with advice.
"""

import copy
import functools
import io
import json
import pathlib
import tempfile
import traceback

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from helpers import alignment, masks
from helpers.crops import cut_crop
from helpers.faces import (
    face_cutting,
    face_records,
    facesets,
    record_writer,
    steadying,
    takes,
)
from helpers.faces.sorting import choosing, corrections
from helpers.files import manifests, names
from helpers.footage import consent, media
from helpers.synthetic.truth import truth_path

CONTRACT = manifests.data_contract(crop_size=32)
HELPERS = manifests.project_root() / "helpers"
# an error of ours says what came in, or what is not there, and what to do
SAID = (
    "Received",
    "received",
    "gone",
    "There is no",
    "unfinished",
    "breaks off",
    "holds",
)

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -1, 2**63, 1e308, 1e-320, "NaN", "", "../../x"]),
    st.sampled_from(["/etc/passwd", "C:\\x", "a/../../b", "crops/../../x.jpg"]),
    st.sampled_from([float("nan"), float("inf"), [], {}, [[]], {"a": {}}]),
    st.text(max_size=8),
    st.recursive(st.integers(), st.lists, max_leaves=8),
)
# how bytes are changed: where (share of the length), what is put there
BYTE_EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=6
)
CUT = st.one_of(st.just(1.0), st.floats(0, 1))
NUMBERS = st.one_of(
    st.floats(-1e3, 1e3),
    st.floats(),
    st.sampled_from([0.0, 1e308, -1e308, 1e-300, float("nan"), float("inf")]),
)


def advised(error):
    """Whether an error is one of ours, and says what to do."""
    kinds = (ValueError, FileNotFoundError)
    raised = pathlib.Path(traceback.extract_tb(error.__traceback__)[-1][0])
    ours = isinstance(error, kinds) and raised.is_relative_to(HELPERS)
    return ours and any(word in str(error).lower() for word in SAID)


def expect(good):
    """Stop where what was taken is not as it should be."""
    if not good:
        raise AssertionError("what was taken is not as it should be")


def edit_bytes(content, edits, cut):
    """Bytes with some overwritten, and the end cut off."""
    content = bytearray(content)
    for share, new in edits:
        place = int(share * len(content))
        content[place : place + len(new)] = new
    return bytes(content[: int(cut * len(content))])


def places_in(value, path=()):
    """Paths of keys to all that JSON holds."""
    yield path
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from places_in(value[key], (*path, key))


def edit_json(value, edits):
    """JSON with some of what it holds replaced by junk, as text."""
    value = {"root": json.loads(json.dumps(value))}
    for number, junk in edits:
        places = list(places_in(value))[1:]
        *path, key = places[number % len(places)]
        inside = value
        for step in path:
            inside = inside[step]
        inside[key] = copy.deepcopy(junk)
    return json.dumps(value["root"])


JSON_EDITS = st.lists(
    st.tuples(st.integers(0, 1000), JUNK), min_size=1, max_size=3
)
# mostly junk in good JSON, sometimes no JSON any more
TEXT_EDITS = st.tuples(
    JSON_EDITS, st.one_of(st.just(([], 1.0)), st.tuples(BYTE_EDITS, CUT))
)


def edit_text(value, edits):
    """A JSON file's bytes, changed."""
    in_json, (in_bytes, cut) = edits
    return edit_bytes(edit_json(value, in_json).encode(), in_bytes, cut)


# ---- a small face set, as extraction writes it


def sample_picture(height=48, width=64):
    noise = np.random.default_rng(0).random((height, width, 3)) * 255
    return noise.astype(np.uint8)


LANDMARKS = [[20, 18], [36, 18], [28, 26], [22, 34], [34, 34]]


def sample_record():
    """A record with its crop and mask."""
    crop, mask, facts = face_cutting.cut_face(
        sample_picture(), LANDMARKS, CONTRACT
    )
    record = {
        "crop": "crops/000000.jpg",
        "mask": "masks/000000.png",
        "file": "a.png",
        "frame": 0,
        "face": 0,
        "time": None,
        "track": "a.png#0.0",
        "take": "photos",
        "split": "train",
        "score": 0.99,
        "box": [1.0, 2.0, 3.0, 4.0],
        **facts,
        "faces_in_frame": 1,
        "frame_parameters": None,
        "person": 0,
        "left_out": None,
    }
    return crop, mask, record


PLAN = {"file": "a.png", "bytes": 1, "changed": 1, "expected": 1, "step": 1}
SETTINGS = {"contract": CONTRACT, "detector": {}}
COUNTS = dict.fromkeys(face_records.COUNTS, 1)
ENTRY = {
    "plan": PLAN,
    "start": 0,
    "next": None,
    "counts": COUNTS,
    "error": None,
}
PART = {"files": [ENTRY], "faces": 1}
REPORT = {"kept": 1, "train": 1, "test": 0, "consent": consent.unstated()}


def write_face_set(folder):
    """Write a finished folder of one identity, `Ada`; gives its manifest."""
    for name, content in face_set_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return json.loads(face_set_files()[manifests.MANIFEST])


@functools.cache
def face_set_files():
    """Name and content of all files of the face set."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        make_face_set(folder)
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }


def make_face_set(folder):
    crop, mask, record = sample_record()
    ada = folder / "Ada"
    for name, content in ((record["crop"], crop), (record["mask"], mask)):
        (ada / name).parent.mkdir(parents=True, exist_ok=True)
        (ada / name).write_bytes(content)
    lines = [json.dumps({"settings": SETTINGS}), json.dumps(PART)]
    (ada / face_records.RECORDS).write_text(json.dumps(record) + "\n")
    (ada / face_records.FILES).write_text("\n".join(lines) + "\n")
    (ada / face_records.REPORT).write_text(json.dumps(REPORT))
    facesets.write_face_sets(folder, ["Ada"], CONTRACT, least=1)


# ---- targets: strategy, and what is done with a value in a folder


def manifest(edits, folder):
    content = write_face_set(folder)
    (folder / manifests.MANIFEST).write_bytes(edit_text(content, edits))
    manifests.read_manifest(folder, face_records.MADE_BY, verify=True)
    facesets.consent_of(folder, "Ada")
    facesets.read_face_set(folder, "Ada", CONTRACT)


def records(edits, folder):
    write_face_set(folder)
    path = folder / "Ada" / face_records.RECORDS
    text = edit_text(json.loads(path.read_text()), edits)
    path.write_bytes(text + b"\n")
    face_set = facesets.read_face_set(folder, "Ada", CONTRACT)
    expect(face_set.folder == folder / "Ada")
    face_set.load_crops(8)
    face_set.load_masks(8)


def crops(edits, folder):
    write_face_set(folder)
    for path in folder.glob("Ada/*/*"):
        path.write_bytes(edit_bytes(path.read_bytes(), *edits))
    face_set = facesets.read_face_set(folder, "Ada", CONTRACT)
    face_set.load_crops(8)
    face_set.load_masks(8)


def unfinished(edits, folder):
    write_face_set(folder)
    head, part = {"settings": SETTINGS}, edit_text(PART, edits[0])
    head = edit_text(head, edits[1]) if edits[2] else json.dumps(head).encode()
    path = folder / "Ada" / face_records.FILES
    path.write_bytes(head + b"\n" + part + b"\n")
    if edits[2]:
        facesets.write_face_sets(folder, ["Ada"], CONTRACT, least=1)
    writer = record_writer.RecordWriter(folder / "Ada", SETTINGS)
    place, start = writer.resume([PLAN])
    expect(0 <= place <= 1 and start >= 0)


def report(edits, folder):
    write_face_set(folder)
    path = folder / "Ada" / face_records.REPORT
    path.write_bytes(edit_text(REPORT, edits))
    facesets.write_face_sets(folder, ["Ada"], CONTRACT, least=1)
    facesets.consent_of(folder, "Ada")


def choose(edits, folder):
    write_face_set(folder)
    path = folder / "Ada" / face_records.RECORDS
    record = json.loads(path.read_text())
    path.write_bytes(edit_text(record, edits[0]) + b"\n")
    if edits[1] is not None:
        path = folder / "Ada" / face_records.REPORT
        path.write_bytes(edit_text(REPORT, edits[1]))
    choosing.choose_faces(folder, "Ada")


def by_hand(edits, folder):
    write_face_set(folder)
    record = sample_record()[-1]
    recut = {key: record[key] for key in corrections.RECUT}
    recut |= {"crop": "crops/a_by_hand_1.jpg", "mask": "masks/a_by_hand_1.png"}
    entry = {"file": "a.png", "frame": 0, "face": 0, "take": True, **recut}
    path = folder / "Ada" / corrections.FILE
    path.write_bytes(edit_text({"corrections": [entry]}, edits))
    changes = corrections.read_corrections(folder / "Ada", CONTRACT)
    corrections.apply_corrections([record], changes)


def stated(text, folder):
    content = (
        text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    )
    (folder / consent.FILE).write_bytes(content)
    consent.consent_line("Ada", consent.read_consent(folder))


def name(text, folder):
    names.check_name(text)
    (folder / text).mkdir()
    expect([each.name for each in folder.iterdir()] == [text])


def truth(edits, folder):
    clip = folder / "a.png"
    media.write_image(clip, sample_picture())
    content = {"split": "test", "frames": [{"parameters": {"yaw": 1}}]}
    truth_path(clip).write_bytes(edit_text(content, edits[0]))
    painted = io.BytesIO()
    np.savez_compressed(painted, masks=np.zeros((1, 48, 64), np.uint8))
    (folder / "a.masks.npz").write_bytes(
        edit_bytes(painted.getvalue(), *edits[1])
    )
    plans, _, _ = takes.plan_files(folder, 1)
    for item in takes.read_items(folder, plans[0]):
        item["mask"].sum()


def photo_seeds():
    """Small pictures of every kind, as bytes with their endings."""
    image = Image.fromarray(sample_picture(24, 32))
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds = [
        (".jpg", image, {"exif": exif}),
        (".jpg", image.convert("CMYK"), {}),
        (".jpg", image, {"progressive": True}),
        (".png", image.convert("RGBA"), {}),
        (".png", image.convert("P"), {}),
        (".tif", image, {"compression": "tiff_lzw"}),
        (".bmp", image, {}),
        (".ppm", image, {}),
    ]
    for ending in (".gif", ".webp", ".png"):
        several = {"save_all": True, "append_images": [image.rotate(90)] * 3}
        kinds.append((ending, image, several))
    deep = (sample_picture(24, 32)[..., 0].astype(np.uint16)) * 257
    kinds.append((".png", Image.fromarray(deep), {}))
    for ending, picture, options in kinds:
        content = io.BytesIO()
        kind = Image.registered_extensions()[ending]
        picture.save(content, kind, **options)
        yield ending, content.getvalue()


def photo(value, folder):
    (ending, content), edits = value
    path = folder / f"a{ending}"
    path.write_bytes(edit_bytes(content, *edits))
    media.photo_notes(path)
    if media.is_photo(path):
        image = media.read_photo(path)
        expect(image.dtype == np.uint8 and image.ndim == 3)
    else:
        video((value[0], edits), folder)


def video_seeds(folder):
    """Small videos of some kinds, as bytes with their endings."""
    frames = [np.roll(sample_picture(), n, axis=1) for n in range(6)]
    path = pathlib.Path(folder) / "seed.mp4"
    media.write_video(path, frames, 25)
    yield ".mp4", path.read_bytes()
    import av

    for ending, codec in ((".avi", "mjpeg"), (".mkv", "mpeg4"), (".mpg", None)):
        path = path.with_suffix(ending)
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec or "mpeg1video", rate=25)
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for frame in frames:
                picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        yield ending, path.read_bytes()


def video(value, folder):
    (ending, content), edits = value
    path = folder / f"a{ending}"
    path.write_bytes(edit_bytes(content, *edits))
    facts = media.probe_video(path)
    expect(facts["frames"] <= 100_000)
    for index, _, frame in media.read_frames(path):
        expect(frame.dtype == np.uint8 and frame.ndim == 3)
        if index == 20:
            break


def landmarks(points, _):
    points = np.array(points, np.float64)
    image = sample_picture()
    if points.shape == (5, 2):
        face_cutting.cut_face(image, points, CONTRACT)
    several = np.stack([points, points + 1, points])
    steadying.stabilise_landmarks(several, [True, False, True])
    alignment.similarity_transform(points, np.array(LANDMARKS, float))


def matrix(value, _):
    crop = cut_crop(sample_picture(), np.array(value, float), 16)
    expect(crop.shape == (16, 16, 3))
    masks.warp_mask(sample_picture()[..., 0], np.array(value, float), 16)
    alignment.invert_transform(value)


def points_of(count):
    pair = st.tuples(NUMBERS, NUMBERS)
    scattered = st.lists(pair, min_size=count, max_size=count)
    near = st.lists(
        st.tuples(st.floats(0, 64), st.floats(0, 64)),
        min_size=count,
        max_size=count,
    )
    same = pair.map(lambda point: [point] * count)
    line = pair.map(lambda p: [(p[0] * n, p[1] * n) for n in range(count)])
    return st.one_of(scattered, near, same, line)


def targets(folder, more_photos=(), more_videos=()):
    """All targets.

    Args:
        folder: path for seeds that have to be written.
        more_photos: sequence of tuples `(ending, bytes)`.
        more_videos: likewise.

    Returns:
        dict from name to tuple `(strategy, function)`; the function is called
        with a value and an empty folder.
    """
    in_bytes = st.tuples(BYTE_EDITS, CUT)
    pictures = st.sampled_from([*photo_seeds(), *more_photos])
    videos = st.sampled_from([*video_seeds(folder), *more_videos])
    toml = st.sampled_from(
        [
            'who = "A"\norigin = "B"\nconsent = "C"\n',
            "who = 1\n",
            "a = " + "[" * 3000,
            "a = " + "9" * 5000,
        ]
    )
    toml = st.tuples(toml, in_bytes).map(
        lambda pair: edit_bytes(pair[0].encode(), *pair[1])
    )
    row = st.tuples(NUMBERS, NUMBERS, NUMBERS)
    return {
        "manifest": (TEXT_EDITS, manifest),
        "records": (TEXT_EDITS, records),
        "crops": (in_bytes, crops),
        "unfinished": (
            st.tuples(TEXT_EDITS, TEXT_EDITS, st.booleans()),
            unfinished,
        ),
        "report": (TEXT_EDITS, report),
        "choose": (st.tuples(TEXT_EDITS, st.none() | TEXT_EDITS), choose),
        "by_hand": (TEXT_EDITS, by_hand),
        "consent": (st.one_of(toml, st.text(), st.binary()), stated),
        "name": (st.one_of(st.text(max_size=99), st.none()), name),
        "truth": (st.tuples(TEXT_EDITS, in_bytes), truth),
        "photo": (st.tuples(pictures, in_bytes), photo),
        "video": (st.tuples(videos, in_bytes), video),
        "landmarks": (st.one_of(points_of(5), points_of(2)), landmarks),
        "matrix": (st.tuples(row, row), matrix),
    }
