"""Make the pictures in image/ and list them, each with the command behind it.

`python .ci/gallery.py drawings` draws the schematic ones; `python
.ci/gallery.py course` copies those of the last `course.py run`.
"""

import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np

from helpers import plotting
from helpers.crops import cut_network_crops
from helpers.faces import facesets
from helpers.footage import media
from helpers.proof import swap_pairs
from helpers.proof.paired_faces import paired_tests, truth_of
from helpers.swap import swapping
from helpers.training import bundles

IMAGES = ROOT / "image"


def draw():
    """The drawings: the stages of the course, and the comb."""
    for stage in ("faces", "comb", "latents", "swap"):
        figure = plotting.plot_stages(stage)
        plotting.save_figure(figure, IMAGES / f"stage_{stage}.png")
    figure = plotting.plot_comb(64, ("Rosa", "Marco", "Lena"), 2)
    plotting.save_figure(figure, IMAGES / "comb.png")


def spread(face_set, count):
    """Faces of a set, evenly over its takes."""
    return face_set.pick(np.linspace(0, len(face_set) - 1, count).astype(int))


def swap_rows(comb, source, target, count=5):
    """Source, target, swap and truth, as large as they are drawn and pasted."""
    side = comb.drawn_side
    truths, unseen = paired_tests(source, target, count)
    pasted = swap_pairs.paste_faces(
        comb,
        unseen.load_crops(),
        swapping.draw_faces(
            comb.looking_at(target.identity),
            unseen.network_crops(comb.resolution),
            source.identity,
        ),
        [record["yaw"] for record in unseen.records],
    )
    return {
        # who the source is: training crops, which do something else
        f"source\n{source.identity}": spread(
            source.select("train"), count
        ).network_crops(side),
        f"target\n{target.identity}": unseen.network_crops(side),
        f"swap\n{source.identity}": cut_network_crops(
            pasted, comb.contract["coverage"], side
        ),
        "truth": truth_of(comb, truths, unseen, side)[0],
    }


def copy_course():
    """What the last run of the course made of Rosa and Marco."""
    comb = bundles.load_bundle(ROOT / "weights/trained")
    face_sets = {
        name: facesets.read_face_set(ROOT / "data/faces", name)
        for name in comb.identities
    }
    source, target = (face_sets[comb.identities[place]] for place in (1, 0))
    picture = plotting.plot_preview(swap_rows(comb, source, target))
    plotting.save_figure(picture, IMAGES / "swap.png")
    before_after = media.read_photo(ROOT / "build/swaps/before_after.png")
    media.write_image(IMAGES / "before_after.jpg", before_after, quality=88)
    # as it is: few colours, half the bytes
    shutil.copyfile(ROOT / "build/latents/gaps.png", IMAGES / "gaps.png")
    sheet = np.concatenate(
        [spread(face_set, 10).load_crops(96) for face_set in face_sets.values()]
    )
    figure = plotting.plot_contact_sheet(sheet)
    plotting.save_figure(figure, IMAGES / "faces.png")


if __name__ == "__main__":
    commands = {"drawings": draw, "course": copy_course}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(f"usage: gallery.py {'|'.join(commands)}")
    commands[sys.argv[1]]()
