"""What each stage of extraction costs, a frame of one clip."""

import pathlib
import tempfile
import time

import cv2
import numpy as np

from helpers import alignment, masks
from helpers.crops import cut_crop
from helpers.faces import face_cutting, face_finder, photo_faces, tracking
from helpers.faces.tracker import Tracker
from helpers.faces.tracks import KEY_EVERY
from helpers.files import manifests
from helpers.footage import media


def time_stages(path, detector, frames=face_finder.CHUNK_FRAMES):
    """Time each stage alone over one chunk, print a table.

    Args:
        path: pathlib.Path of a clip with one face.
        detector: `detection.FaceDetector`.
        frames: int.

    Returns:
        dict of stage to milliseconds a frame.
    """
    contract = manifests.data_contract()
    size = contract["crop_size"]
    stages = {}

    def timed(stage, work):
        clock, cpu = time.perf_counter(), time.process_time()
        result = work()
        clock = 1000 * (time.perf_counter() - clock) / frames
        cpu = 1000 * (time.process_time() - cpu) / frames
        print(f"{stage:10} {clock:7.2f} ms a frame, {cpu:7.2f} ms of CPU")
        stages[stage] = round(clock, 2)
        return result

    with tracking.one_opencv_thread(), tempfile.TemporaryDirectory() as name:
        images = timed(
            "decode",
            lambda: [f for *_, f in media.read_frames(path, stop=frames)],
        )
        small = timed(
            "shrink",
            lambda: [
                tracking.shrink_frame(image, detector) for image in images
            ],
        )
        keys = small[::KEY_EVERY] + small[-1:]
        timed("detect", lambda: detector.detect(keys))
        tracker = Tracker(detector, views=photo_faces.VIEWS)
        tracker.add_frames([(0.0, picture) for picture in small])
        sights = [tracker.faces_at(n) for n in range(len(small))]
        seen = [n for n, faces in enumerate(sights) if faces]
        ratio = images[0].shape[1] / small[0].shape[1]
        points = [next(iter(sights[n].values())).landmarks for n in seen]
        pictures = [small[n] for n in seen]
        timed(
            "refine",
            lambda: detector.refine(pictures, points, photo_faces.VIEWS),
        )
        points = [(each + 0.5) * ratio - 0.5 for each in points]
        placed = [
            (images[n], alignment.crop_matrix(each, contract), each)
            for n, each in zip(seen, points, strict=True)
        ]
        crops = timed(
            "cut",
            lambda: [
                cut_crop(image, matrix, size) for image, matrix, _ in placed
            ],
        )
        eggs = timed(
            "mask",
            lambda: [
                np.uint8(255 * masks.face_mask(size, contract, _yaw(each)))
                for *_, each in placed
            ],
        )
        files = timed(
            "encode",
            lambda: [
                content
                for crop, egg in zip(crops, eggs, strict=True)
                for content in (
                    media.encode_image(crop, ".jpg", face_cutting.JPEG_QUALITY),
                    media.encode_image(egg, ".png"),
                )
            ],
        )
        folder = pathlib.Path(name)
        timed(
            "write",
            lambda: [
                (folder / str(n)).write_bytes(content)
                for n, content in enumerate(files)
            ],
        )
        timed(
            "sharpness",
            lambda: [
                cv2.Laplacian(cv2.cvtColor(c, cv2.COLOR_RGB2GRAY), 6).var()
                for c in crops
            ],
        )
    return stages


def _yaw(landmarks):
    return alignment.estimate_pose(landmarks)[0]
