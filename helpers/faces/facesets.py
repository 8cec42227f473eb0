"""Face sets: folders of aligned crops and records, handed on and read."""

import concurrent.futures
import os
import pathlib

import cv2
import numpy as np
from PIL import Image

from helpers.faces.face_records import (
    FILES,
    MADE_BY,
    RECORDS,
    REPORT,
    read_lines,
    read_records,
)
from helpers.files import foreign_files, manifests, names
from helpers.footage import consent, media
from helpers.footage.media import photos

AGAIN_FOR_IT = "Run extraction.extract_faces for it."


class FaceSet:
    """The faces of one identity: records, with crops and masks on disk.

    Attributes:
        identity: str, the name.
        folder: pathlib.Path that holds `crops/` and `masks/`.
        contract: dict, the data contract.
        records: list of dicts, one a face: where it comes from (`file`,
            `frame`, `face`, `time`, `track`, `take`, `split`), its files
            (`crop`, `mask`, `sha256`), what was seen (`score`, `landmarks`,
            `matrix`, `box`, `eyes`, `outside`, `sharpness`, `yaw`, `pitch`,
            `roll`, `faces_in_frame`, `frame_parameters`) and what was made
            of it (`person`, `left_out`: `None`, or the reason in words).
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
            if key not in record:
                raise ValueError(
                    f"A face's record should name its {key}. Received: "
                    f"{sorted(record)} in {self.folder}. Make the face set "
                    "anew."
                )
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
        with Image.open(path, formats=photos.FORMATS) as image:
            if max(image.size) > manifests.LARGEST_CROP:
                raise ValueError(f"it has {image.size} pixels")
            return np.asarray(image.convert(mode))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path} is gone. Run notebooks/{MADE_BY}.ipynb again."
        ) from error
    except media.PHOTO_ERRORS as error:
        raise ValueError(
            f"{path} should be a picture. Received: {error}. Delete the folder "
            f"{path.parent.parent} and run notebooks/{MADE_BY}.ipynb again."
        ) from error


def _resize(picture, size):
    if picture.shape[:2] == (size, size):
        return picture
    smaller = size < picture.shape[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(picture, (size, size), interpolation=way)


def check_identity(identity):
    """Stop if a name cannot be an identity's.

    Args:
        identity: anything.

    Raises:
        ValueError: if it is no name that a folder can have.
    """
    names.check_identity(identity)


def check_identities(identities, person=None, least=2):
    """Stop if these are no identities that face sets can be made of.

    Args:
        identities: list of str, different names.
        person: dict from an identity to the groups of faces that are theirs,
            see `sorting.choosing.choose_faces`, or `None`.
        least: int. Fewest identities.

    Raises:
        ValueError: if there are too few, one twice, one that no folder can
            be called, or if `person` is about somebody else.
    """
    if isinstance(identities, str):
        raise ValueError(
            f"Identities should be a list of names. Received: {identities!r}. "
            f'Write IDENTITIES = ["{identities}", "..."].'
        )
    different = len(set(identities))
    if different < least or different < len(identities):
        raise ValueError(
            "A swap needs at least two different identities. "
            f"Received: {identities!r}. Give one folder of footage for each."
        )
    for identity in identities:
        check_identity(identity)
    names.check_apart(identities)
    person = {} if person is None else person
    if not isinstance(person, dict) or not set(person) <= set(identities):
        raise ValueError(
            f"PERSON should be about {identities!r}, as in "
            f'{{"{list(identities)[0]}": [0, 3]}}. Received: {person!r}. Write '
            "the names as in IDENTITIES."
        )


def write_face_sets(
    output_folder, identities, contract, parameters=None, least=2
):
    """Finish the face sets' folder: write its manifest.

    Args:
        output_folder: str or path that `extraction.extract_faces` wrote to.
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
    check_identities(identities, least=least)
    summary, files = {}, []
    for identity in identities:
        report_path = folder / identity / REPORT
        report = {}
        if report_path.is_file():
            report = foreign_files.read_json(report_path, AGAIN_FOR_IT)
        if not {"kept", "train", "test", "consent"} <= set(report):
            raise FileNotFoundError(
                f"The faces of {identity!r} are missing or unfinished: "
                f"{report_path} should say how many are kept. {AGAIN_FOR_IT}"
            )
        received = contract_of(folder / identity)
        manifests.check_contract(contract, received, MADE_BY)
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


def home_of(folder, identity):
    """The folder of one identity's faces, which leads nowhere else.

    Args:
        folder: str or path that extraction wrote to.
        identity: str.

    Returns:
        pathlib.Path.

    Raises:
        ValueError: if the identity is no name, or there is a link inside.
    """
    check_identity(identity)
    home = pathlib.Path(folder) / identity
    todo = "Do not use it; make it anew from the footage."
    foreign_files.check_no_links(home, todo)
    return home


def contract_of(folder):
    """The contract that the faces of one identity were cut under.

    Args:
        folder: pathlib.Path of one identity's faces.

    Returns:
        dict, see `manifests.data_contract`.

    Raises:
        ValueError: if its files do not say.
    """
    head = read_lines(folder / FILES)[:1]
    try:
        contract = head[0]["settings"]["contract"]
    except (LookupError, TypeError):
        contract = None
    if not manifests.is_contract(contract):
        raise ValueError(
            f"{folder / FILES} should begin with the settings of the faces. "
            f"Received: {str(head)[:100]}. {AGAIN_FOR_IT}"
        )
    return contract


def read_face_set(folder, identity, contract=None, everything=False):
    """The faces of one identity from a finished folder.

    Args:
        folder: str or path that `write_face_sets` finished.
        identity: str, a name that the manifest lists.
        contract: dict, the contract of the stage that reads, or `None`.
        everything: bool. Whether to give the faces that were left out, too.

    Returns:
        FaceSet.

    Raises:
        FileNotFoundError: if the folder is missing or unfinished.
        ValueError: if there is no such identity, or if a record is broken.
        manifests.ContractError: if the contracts differ.
    """
    folder = pathlib.Path(folder)
    manifest = manifests.read_manifest(folder, MADE_BY)
    known = list(_identities_of(folder, manifest))
    if identity not in known:
        raise ValueError(_unknown_identity(folder, known, identity))
    home = home_of(folder, identity)
    if contract is not None:
        manifests.check_contract(contract, manifest["contract"], MADE_BY)
    records = read_records(home / RECORDS)
    if not everything:
        # face sets of before hold nothing else
        records = [each for each in records if each.get("left_out") is None]
    return FaceSet(identity, home, manifest["contract"], records)


def read_found(folder, identity):
    """All faces of one identity, before the folder's manifest is written.

    Args:
        folder: str or path that `extraction.extract_faces` wrote to.
        identity: str.

    Returns:
        FaceSet, with the faces that were left out.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if a record is broken.
    """
    home = home_of(folder, identity)
    records = read_records(home / RECORDS)
    return FaceSet(identity, home, contract_of(home), records)


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
    manifest = manifests.read_manifest(folder, MADE_BY)
    identities = _identities_of(folder, manifest)
    if identity not in identities:
        raise ValueError(_unknown_identity(folder, identities, identity))
    # older face sets do not say
    return identities[identity].get("consent", consent.unstated())


def _identities_of(folder, manifest):
    """What a manifest of face sets says of each identity."""
    identities = manifest.get("identities")
    good = isinstance(identities, dict) and all(
        isinstance(each, dict) for each in identities.values()
    )
    if not good or not manifest.get("contract"):
        raise ValueError(
            f"{folder}'s {manifests.MANIFEST} should say which identities it "
            f"holds, and a contract. Received: {str(identities)[:100]}. Run "
            f"notebooks/{MADE_BY}.ipynb again."
        )
    return identities


def _unknown_identity(folder, known, identity):
    return (
        f"{folder} holds the identities {', '.join(known)}. "
        f"Received: {identity!r}. Use one of them, or add its footage "
        f"and run notebooks/{MADE_BY}.ipynb again."
    )
