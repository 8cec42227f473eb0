"""A small latent explorer for the browser: faces on a grid, at known places."""

import numpy as np

from helpers import comb
from helpers.faces.face_set import FaceSet
from helpers.files import manifests
from helpers.footage import media
from helpers.latents import descriptions, encoding, gaps, inspection
from helpers.widgets.latent_explorer import LatentExplorer

COLUMNS = 20
NAMES = ("Marco", "Lena")
SIZE = 64  # pixels of a stored crop


def make_face_set(folder, identity, count, shade):
    """Crops of plain colours, each another one."""
    for part in ("crops", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    mask = media.encode_image(np.full((SIZE, SIZE), 255, np.uint8), ".png")
    (folder / "masks" / "all.png").write_bytes(mask)
    records = []
    for row in range(count):
        crop = np.full((SIZE, SIZE, 3), shade, np.uint8)
        crop[..., row % 3] = row % 256
        name = f"crops/{row:06d}.png"
        if row < 256:  # more faces share these files
            written = media.encode_image(crop, ".png")
            (folder / name).write_bytes(written)
        records.append(
            {
                "crop": f"crops/{row % 256:06d}.png",
                "mask": "masks/all.png",
                "file": "talk.mp4",
                "frame": row,
                "time": row / 5,
                "take": f"take {row // 20}",
                "split": "test" if row % 10 == 9 else "train",
            }
        )
    contract = manifests.data_contract(crop_size=SIZE)
    return FaceSet(identity, folder, contract, records)


def make_explorer(folder, faces=100):
    """An explorer of so many faces of each of two people."""
    face_sets = {
        name: make_face_set(folder / name, name, faces, shade)
        for name, shade in zip(NAMES, (60, 180), strict=True)
    }
    contract = manifests.data_contract(crop_size=SIZE)
    network = comb.build_comb(
        NAMES,
        resolution=16,
        widths=(8, 8, 8),
        latent_dim=8,
        shared_levels=1,
        contract=contract,
    )
    random = np.random.default_rng(0)
    labels = np.repeat(NAMES, faces)
    rows = np.tile(np.arange(faces), 2)
    encoded = encoding.EncodedFaces(
        random.normal(size=(2 * faces, 8)).astype(np.float32),
        labels,
        rows,
        rows % 10 == 9,
        np.arange(2 * faces) // 20,
    )
    # of which the latents know nothing: who is missing is left to chance
    described = random.normal(size=(2 * faces, len(descriptions.FEATURES)))
    place = np.arange(2 * faces)
    points = np.column_stack([place % COLUMNS, -(place // COLUMNS)])
    inspected = inspection.Inspection(
        network,
        face_sets,
        encoded,
        described,
        gaps.find_gaps(encoded, described),
    )
    return LatentExplorer(inspected, points.astype(float), folder / "lists")
