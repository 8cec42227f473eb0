"""What the live mode is tested with: a comb and a detector that are sure."""

import numpy as np
from clips import FakeDetector, GreenComb, face_at


class StripedComb(GreenComb):
    """Rosa is striped upright, Marco across: light leaves that as it is."""

    def swap(self, crops, source):
        stripes = np.arange(self.resolution) // 8 % 2 * np.float32(0.8) + 0.1
        stripes = stripes[:, None] if source == "Marco" else stripes[None]
        return np.broadcast_to(stripes[None, ..., None], crops.shape).copy()


class SureDetector(FakeDetector):
    """One face in every frame, but in dark ones."""

    min_face_share = 0.4  # what is looked at is 120 pixels high

    def __init__(self):
        super().__init__([])

    def detect(self, images):
        return [[face_at()] if image.mean() > 30 else [] for image in images]

    def refine(self, images, landmarks):
        scores = np.array([float(image.mean() > 30) for image in images])
        return np.array(landmarks), scores, np.ones(len(images))
