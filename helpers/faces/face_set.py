"""Records of one identity -> a face set: its crops, and what a network sees."""

import concurrent.futures
import hashlib
import os
import pathlib

import cv2
import numpy as np
from PIL import Image

from helpers.alignment import matrix_scale
from helpers.crops import cut_network_crops
from helpers.faces.face_records import MADE_BY
from helpers.files import manifests
from helpers.footage import media
from helpers.footage.media import photos


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

    def fingerprint(self):
        """By what these faces are known again: their files and splits.

        Returns:
            str: another one for a face more, less, cut or split otherwise.
        """
        code = hashlib.sha256(self.identity.encode("utf-8"))
        for each in self.records:
            code.update(f"{each['sha256']} {each['split']} ".encode())
        return code.hexdigest()

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

    def network_crops(self, resolution):
        """What a network of some size sees of the crops.

        Args:
            resolution: int. Side of the network's picture in pixels.

        Returns:
            float32 array, shape `(faces, resolution, resolution, 3)`, RGB,
            0-1.

        Raises:
            FileNotFoundError: if a crop is gone.
            ValueError: if a crop cannot be read.
        """
        crops = self.load_crops(self.size_for(resolution))
        return cut_network_crops(crops, self.contract["coverage"], resolution)

    def network_masks(self, resolution):
        """The masks of what a network of some size sees.

        Args:
            resolution: int. Side of the network's picture in pixels.

        Returns:
            float32 array, shape `(faces, resolution, resolution)`, 0-1.

        Raises:
            FileNotFoundError: if a mask is gone.
            ValueError: if a mask cannot be read.
        """
        masks = self.load_masks(self.size_for(resolution))
        return cut_network_crops(masks, self.contract["coverage"], resolution)

    def size_for(self, resolution):
        """Side at which whole crops hold what a network of some size sees.

        Their centre then is the network's picture, pixel for pixel: a tenth of
        the memory of whole crops at 64 pixels.

        Args:
            resolution: int. Side of the network's picture in pixels.

        Returns:
            int, in pixels, at most the stored side.
        """
        wanted = round(resolution / self.contract["coverage"])
        return min(wanted, self.contract["crop_size"])

    def footage_sides(self):
        """How large the faces are in the footage itself.

        Returns:
            float64 array, shape `(faces,)`: the side, in pixels of the photo
            or frame, of the square that a network sees.
        """
        size, coverage = self.contract["crop_size"], self.contract["coverage"]
        scales = [matrix_scale(record["matrix"]) for record in self.records]
        return size * coverage / np.array(scales, np.float64)

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
