"""A folder of footage, and a detector that sees a face in all of it."""

import numpy as np

from helpers.faces.sorting import extraction
from helpers.files import manifests
from helpers.footage import media

CONTRACT = manifests.data_contract(crop_size=64)
LANDMARKS = np.array(
    [[35, 30], [61, 30], [48, 45], [38, 58], [58, 58]], np.float32
)
BOX = (25.0, 15.0, 46.0, 60.0)


class FakeDetector:
    """A face at one place in every picture that is not black.

    In a white one there is a second, smaller face beside it.
    """

    # so that the pictures are looked at as they are
    min_face_share = 0.12

    def __init__(self, landmarks=LANDMARKS, break_after=None):
        self.landmarks = np.asarray(landmarks, np.float64)
        self.break_after = break_after
        self.seen = 0

    def detect(self, images):
        return [self._faces(image) for image in images]

    def _faces(self, image):
        if self.break_after is not None and self.seen >= self.break_after:
            raise KeyboardInterrupt
        self.seen += 1
        face = {"box": BOX, "score": 0.99, "landmarks": self.landmarks}
        smaller = self.landmarks * 0.5 + (60, 5)
        second = {**face, "box": (72, 12, 22, 30), "landmarks": smaller}
        bright = float(image.mean())
        return [face] * (bright > 20) + [second] * (bright > 200)

    def refine(self, images, landmarks, views=8):
        scores = np.array([0.98 * (image.mean() > 20) for image in images])
        return np.array(landmarks), scores, np.ones(len(images))


def picture(brightness, height=90, width=96):
    image = np.full((height, width, 3), brightness, np.uint8)
    image[::7] //= 2
    return image


def film(path, count, brightness=120, truth=None):
    """A clip, and if its split is given the truth beside it."""
    media.write_video(path, [picture(brightness)] * count, 25)
    if truth is not None:
        frames = [
            {"parameters": {"yaw": index}, "landmarks": LANDMARKS.tolist()}
            for index in range(count)
        ]
        stem = path.with_suffix("")
        content = {"format": 1, "split": truth, "frames": frames}
        manifests.write_json(f"{stem}.truth.json", content)
        masks = np.zeros((count, 90, 96), np.uint8)
        masks[:, 40:] = 255
        np.savez_compressed(f"{stem}.masks.npz", masks=masks)


def write_footage(folder):
    """A person with two synthetic clips, six photos and a broken one."""
    folder.mkdir()
    film(folder / "test_000.mp4", 6, truth="test")
    film(folder / "train_000.mp4", 8, truth="train")
    for index, brightness in enumerate((100, 110, 120, 0, 250, 130)):
        media.write_image(folder / f"z{index}.png", picture(brightness))
    (folder / "zz_broken.jpg").write_text("no photo")
    (folder / "notes.txt").write_text("no footage")
    return folder


def extract(footage, output, identity="Ada", detector=None, **options):
    detector = detector or FakeDetector()
    return extraction.extract_faces(
        footage, output, CONTRACT, detector, identity, **options
    )


def read_all_files(folder):
    """Name and content of all files, less the manifest, that has a date."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != manifests.MANIFEST
    }
