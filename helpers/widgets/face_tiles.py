"""Tiles: many crops in, one small picture of all of them out."""

import concurrent.futures

import cv2
import numpy as np
from PIL import Image

from helpers.footage import media

SIDE = 112  # pixels of a tile
COLUMNS = 10
REMEMBERED = 1200  # tiles that are kept in memory: 45 MB
QUALITY = 85


class Tiles:
    """Crops made small; those that were asked for lately are remembered."""

    def __init__(self):
        self._known = {}

    def draw_page(self, paths):
        """Several tiles in one picture, row by row.

        Args:
            paths: list of pathlib.Path of crops.

        Returns:
            bytes of a JPEG file, `COLUMNS` tiles wide.
        """
        lines = max(1, -(-len(paths) // COLUMNS))
        page = np.zeros((lines * SIDE, COLUMNS * SIDE, 3), np.uint8)
        for place, tile in enumerate(self._load(paths)):
            top, left = place // COLUMNS * SIDE, place % COLUMNS * SIDE
            page[top : top + SIDE, left : left + SIDE] = tile
        return media.encode_image(page, ".jpg", QUALITY)

    def draw_tile(self, path):
        """A single tile, as bytes of a JPEG file."""
        return media.encode_image(self._load([path])[0], ".jpg", QUALITY)

    def _load(self, paths):
        new = [path for path in dict.fromkeys(paths) if path not in self._known]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            tiles = dict(zip(new, pool.map(_read_tile, new), strict=True))
        result = [tiles.get(path, self._known.get(path)) for path in paths]
        self._known |= tiles
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return result


def _read_tile(path):
    """A crop made small; grey where its file is gone or broken."""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (SIDE, SIDE))  # decodes no more than is needed
            picture = np.asarray(image.convert("RGB"))
    except media.PHOTO_ERRORS:
        return np.full((SIDE, SIDE, 3), 128, np.uint8)
    return cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
