"""A folder of the source and footage of the target -> parameters of 01, 03, 05.

Names come from the folders. Everything that is made for a pair of people has
folders of its own, so that no other run of the course is in the way: `data/`,
`weights/` and `build/`, each with one such as `Ann_and_Ben`.
"""

import dataclasses
import os
import pathlib

import form
import nbconvert

from helpers.files import manifests, names
from helpers.footage import listing, media

# above so many, faces repeat each other, and training reads them all the same
MOST_FACES = 3000
# the clock ends training, not the count
MOST_STEPS = 100_000
DETAIL_SHARE = 0.3  # of the time, for the detail network


@dataclasses.dataclass(frozen=True)
class Job:
    """Whose face goes onto which footage.

    Attributes:
        source: path of the source's folder, named as the source.
        target: path of the target's folder, named as the target.
        media: path of what is swapped: a photo, a video, or the folder.
    """

    source: pathlib.Path
    target: pathlib.Path
    media: pathlib.Path

    @property
    def pair(self):
        """Both names, in the same order whoever of them is the source."""
        return "_and_".join(sorted((self.source.name, self.target.name)))

    def in_words(self):
        """Whose face goes onto what, to be printed."""
        what = self.media.name if self.media.is_file() else "all footage"
        return f"{self.source.name}'s face onto {what} of {self.target.name}"

    def parameters(self, minutes):
        """Parameters of the three notebooks.

        Args:
            minutes: float. Of training.

        Returns:
            dict `{stem: {parameter: value}}`.
        """
        source, target = self.source.name, self.target.name
        faces = f"data/{self.pair}/faces"
        folders = {each.name: str(each) for each in (self.source, self.target)}
        return {
            "01_data_generation": {
                "IDENTITIES": sorted(folders),
                "SYNTHETIC": False,
                "FOOTAGE_FOLDER": folders,
                "MAX_FACES": MOST_FACES,
                "OUTPUT_FOLDER": faces,
            },
            "03_full_training": {
                "FACES_FOLDER": faces,
                "MINUTES": round(minutes * (1 - DETAIL_SHARE), 3),
                "DETAIL_MINUTES": round(minutes * DETAIL_SHARE, 3),
                "STEPS": MOST_STEPS,
                "OUTPUT_FOLDER": f"weights/{self.pair}",
            },
            "05_prediction": {
                "SOURCE": source,
                "TARGET": target,
                "MEDIA": str(self.media),
                "FACES_FOLDER": faces,
                "TRAINED_FOLDER": f"weights/{self.pair}",
                "OUTPUT_FOLDER": f"build/{self.pair}",
            },
        }


def read_job(source, target):
    """Whose face goes onto which footage, by two paths of a terminal.

    Args:
        source: str. Folder with photos and videos of the source.
        target: str. Photo or video in a folder of the target's name, or this
            folder: then all of it is swapped.

    Returns:
        `Job`.

    Raises:
        ValueError: if a name is none, both are one, or one folder lies in
            the other.
        FileNotFoundError: if something is not there.
        MediaError: if there is no photo and no video.
    """
    # relative to where the command was typed, not to the course's folder
    here = pathlib.Path(os.environ.get("COURSE_STARTED_IN") or os.getcwd())
    paths = (names.path_on_disk(here / each) for each in (source, target))
    source, target = (path.resolve() for path in paths)
    if source.is_file():
        raise ValueError(
            "The source is a folder with photos and videos of one person, "
            f"called as the person. Received: the file {source}. Put it into "
            "such a folder, and give the folder."
        )
    if not target.exists():
        raise FileNotFoundError(
            "The target is a photo, a video, or a folder of them. Received: "
            f"{target}, which is not there."
        )
    folder = target if target.is_dir() else target.parent
    for each in (source, folder):
        listing.list_media(each)  # says what is wrong with it
    if target.is_file() and listing.why_no_footage(target):
        raise media.MediaError(f"{target} {listing.why_no_footage(target)}.")
    one, other = source, folder
    if one == other or one in other.parents or other in one.parents:
        raise ValueError(
            "Source and target have a folder each, beside one another, "
            f"called as the person. Received: {one} and {other}."
        )
    names.check_identities([one.name, other.name])
    return Job(one, other, target)


def write_page(folder, results, root):
    """The executed notebook 05 as a page for a browser, beside its results.

    Args:
        folder: path with the executed copies.
        results: list of dicts from `runner.run()`.
        root: path of the course's folder.

    Returns:
        path of the page, called as what it shows.
    """
    last = results[-1]
    output = root / last["parameters"]["OUTPUT_FOLDER"]
    manifest = manifests.read_manifest(output, made_by=last["name"])
    result = manifest.get("video") or manifest.get("photo")
    page = output / f"{pathlib.Path(result).stem}.html"
    notebook = form.read_notebook(folder / f"{last['name']}.ipynb")
    for cell in notebook.cells:
        # only pictures below its folder are taken into a page
        cell.source = cell.source.replace("](../image/", "](image/")
    exporter = nbconvert.HTMLExporter(embed_images=True)
    where = {"metadata": {"path": str(form.ROOT), "name": page.stem}}
    text, _ = exporter.from_notebook_node(notebook, resources=where)
    manifests.write_text(page, text)
    return page
