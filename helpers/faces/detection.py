"""Detection: pictures in, faces with a box and five landmarks out (MTCNN)."""

import numbers
import pathlib

import cv2
import numpy as np

from helpers.faces import witness
from helpers.faces.boxes import rank_faces
from helpers.faces.last_network import (
    ALL_VIEWS,
    build_last_network,
    refine_landmarks,
)

# MTCNN's first network slides a 12-pixel window over a picture of 0.6 of the
# size, so that it starts at faces of 20 pixels. Larger `min_face_size` breaks
# it (it finds nothing and says nothing), so the picture is shrunk instead.
SMALLEST_FACE = 20
# below this MTCNN's pyramid of pictures is empty
SMALLEST_SIDE = 40


class FaceDetector:
    """MTCNN with its traps disarmed: shrunk pictures, batches, floats.

    Args:
        min_face_share: float in (0, 1]. Width of the smallest wanted face as
            a share of the picture's shorter side. Pictures are shrunk until
            such a face is 20 pixels wide; the larger the share, the faster.
        threshold: float in (0, 1). Detections less certain are dropped.
        max_side: int. Pictures are never looked at larger than this.
        device: str. `"CPU:0"`, or `"GPU:0"` for a TensorFlow GPU.

    Raises:
        ImportError: if Keras does not run on TensorFlow.
        ValueError: if a number is out of range.

    Reference:
        Zhang et al., "Joint face detection and alignment using multitask
        cascaded convolutional networks", 2016.
    """

    def __init__(
        self,
        min_face_share=0.12,
        threshold=0.9,
        max_side=1280,
        device="CPU:0",
    ):
        shares = (min_face_share, threshold)
        known = all(isinstance(share, numbers.Real) for share in shares)
        if not known or not 0 < min_face_share <= 1 or not 0 < threshold < 1:
            raise ValueError(
                "min_face_share should be a number in (0, 1] and threshold "
                "one in (0, 1), without quotation marks. "
                f"Received: min_face_share={min_face_share!r}, "
                f"threshold={threshold!r}"
            )
        if max_side < SMALLEST_SIDE:
            raise ValueError(
                f"max_side should be at least {SMALLEST_SIDE} pixels. "
                f"Received: max_side={max_side!r}"
            )
        self.min_face_share = min_face_share
        self.threshold = threshold
        self.max_side = max_side
        self.parameters = {
            "detector": "mtcnn",
            "min_face_share": min_face_share,
            "threshold": threshold,
            "max_side": max_side,
        }
        self._network, self._last_network = _build_network(device)

    def detect(self, images):
        """Find the faces of some pictures.

        Pictures of one size go through the networks together: a batch of 32
        small frames costs an eighth of 32 single ones.

        Args:
            images: list of uint8 arrays, shape `(height, width, 3)`, RGB.

        Returns:
            list with one list per image, each of dicts, the face that
            matters most first (see `rank_faces`): `"box"` `(x, y, width,
            height)` floats in pixels, `"score"` float 0-1 and `"landmarks"`
            float32 array, shape `(5, 2)`, `(x, y)` in pixels of the image,
            order left eye, right eye, nose, left and right mouth corner
            (left = image left).

        Raises:
            ValueError: if an image is not a uint8 RGB array.
        """
        detected = [[] for _ in images]
        groups = {}
        for index, image in enumerate(images):
            _check_image(image)
            groups.setdefault(image.shape, []).append(index)
        for shape, indices in groups.items():
            width, height = self._network_size(shape)
            if min(width, height) < SMALLEST_SIDE:
                continue  # too narrow to hold a face of 20 pixels
            small = [_shrink(images[index], width, height) for index in indices]
            rows = self._detect_rows(small)
            scales = (shape[1] / width, shape[0] / height)
            for row in rows:
                if row[5] >= self.threshold:
                    face = _read_row(row, scales)
                    detected[indices[int(row[0])]].append(face)
        return [
            rank_faces(faces, image.shape)
            for faces, image in zip(detected, images, strict=True)
        ]

    def refine(self, images, landmarks, views=ALL_VIEWS):
        """Find faces again whose place is about known, and more steadily.

        Only MTCNN's last network runs, on slightly shifted, zoomed and turned
        views of each face; the mean of what it says of them moves less from
        frame to frame than one answer.

        Args:
            images: sequence of uint8 arrays, shape `(height, width, 3)`, RGB,
                one for each face; the same picture may come several times.
            landmarks: float array, shape `(faces, 5, 2)`, `(x, y)` in pixels
                of the images, wrong by a fifth of a face's width at most.
            views: int. How many views of a face, even, at most eight: with
                fewer it is faster, with more the landmarks are steadier.

        Returns:
            Tuple of `landmarks`, float64 array, shape `(faces, 5, 2)`;
            `scores`, float array, shape `(faces,)`, 0-1, how surely there is
            a face; and `spread`, float array, shape `(faces,)`, how far the
            views' answers lie apart: the standard deviation of their centre,
            in pixels of the image.

        Raises:
            ValueError: see `alignment.similarity_transform`.

        Reference:
            Our interpretation of the refinement inside the landmark
            stabilisation of Naruniec et al., "High-resolution neural face
            swapping for visual effects", 2020.
        """
        return refine_landmarks(self._last_network, images, landmarks, views)

    def doubt_landmarks(self, images, landmarks):
        """How doubtful landmarks are, see `witness.doubt_landmarks`."""
        return witness.doubt_landmarks(images, landmarks)

    def _network_size(self, shape):
        height, width = shape[:2]
        smallest = self.min_face_share * min(height, width)
        scale = min(
            1.0, SMALLEST_FACE / smallest, self.max_side / max(height, width)
        )
        # a small picture is not shrunk below what the networks can take
        scale = max(scale, min(1.0, SMALLEST_SIDE / min(height, width)))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _detect_rows(self, images):
        """MTCNN's rows: image, x, y, width, height, score, 5 x's, 5 y's."""
        rows = self._network.detect_faces(
            images, output_type="numpy", fit_to_image=False
        )
        # no face at all comes back as an empty array of another width
        return rows if len(rows) else np.empty((0, 16))


def _build_network(device):
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ImportError(
            "Face detection (mtcnn) runs on TensorFlow only. Received: Keras "
            f"on {keras.backend.backend()!r}. Set KERAS_BACKEND=tensorflow "
            "and restart the kernel; training may use any backend afterwards."
        )
    import mtcnn
    from mtcnn.stages import StageONet, StagePNet, StageRNet

    # by their bare names mtcnn would unpickle files of the working directory
    folder = pathlib.Path(mtcnn.__file__).resolve().parent / "assets/weights"
    stages = [
        stage(weights=str(folder / name))
        for stage, name in (
            (StagePNet, "pnet.lz4"),
            (StageRNet, "rnet.lz4"),
            (StageONet, "onet.lz4"),
        )
    ]
    network = mtcnn.MTCNN(stages=stages, device=device)
    return network, build_last_network(stages[-1], device)


def _check_image(image):
    image_ok = (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[2] == 3
    )
    if not image_ok:
        received = getattr(image, "dtype", type(image).__name__)
        raise ValueError(
            "Each image should be a uint8 RGB array of shape (height, width, "
            f"3). Received: {received}, shape {np.shape(image)}"
        )


def _shrink(image, width, height):
    if image.shape[:2] == (height, width):
        return image
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _read_row(row, scales):
    # MTCNN's row: number of the picture, box, score, five x, five y
    scale_x, scale_y = scales
    x, y, width, height = (float(value) for value in row[1:5])
    landmarks = np.stack([row[6:11], row[11:16]], axis=-1).astype(np.float64)
    # integer coordinates are pixel centres in both pictures
    landmarks = (landmarks + 0.5) * scales - 0.5
    return {
        "box": (x * scale_x, y * scale_y, width * scale_x, height * scale_y),
        "score": float(row[5]),
        "landmarks": landmarks.astype(np.float32),
    }
