"""Real faces by one line: a person of Labeled Faces in the Wild, by name."""

import difflib
import pathlib
import shutil
import tempfile
from collections import Counter

from sklearn import datasets

from helpers.footage import consent, footage_folder, footage_log

ORIGIN = (
    "Labeled Faces in the Wild (Huang et al. 2007): news photos of public "
    "figures, gathered from the web; fetched by scikit-learn"
)
CONSENT = (
    "none: a public research benchmark, nobody seen in it was asked. For "
    "teaching and evaluation only; show no swap of it to anybody"
)
# what scikit-learn calls its folders; the second is turned upright, with
# black corners
PLAIN, FUNNELED = "lfw", "lfw_funneled"
ONE_PIXEL = (slice(0, 1), slice(0, 1))


def fetch_lfw(folder, names=None, least=None, data_home=None, funneled=False):
    """Photos of people of Labeled Faces in the Wild, each in a folder.

    The photos are the whole ones, 250 x 250 pixels, in colour, as they came.
    The first call fetches about 200 MB, which stay with scikit-learn.

    Args:
        folder: str or path that holds one folder a person.
        names: sequence of str, as LFW spells them, such as `"Serena
            Williams"`; or `None`, for all who have enough photos.
        least: int or `None`. The fewest photos that a person should have, if
            no names are given.
        data_home: str or path of scikit-learn's data, or `None` for its own.
        funneled: bool. Whether the photos are turned upright.

    Returns:
        dict from name to what happened, in words.

    Raises:
        ConnectionError: if it cannot be fetched.
        ValueError: if there is nobody of a name, or neither names nor `least`
            are given.
    """
    if isinstance(names, str) or not (names or least):
        raise ValueError(
            "LFW has 5749 people: choose by names=[...], or by least=50, the "
            f"fewest photos. Received: names={names!r}, least={least!r}"
        )
    counts = _count_photos(data_home, 0 if names else least, funneled)
    if names is None:
        names = sorted(counts)
    for name in names:
        if name not in counts:
            near = difflib.get_close_matches(name, counts, 3, 0.5)
            raise ValueError(
                f"Nobody in LFW is called {name!r}. Similar names: "
                f"{', '.join(near) or 'none'}. Nothing was copied."
            )
    home = pathlib.Path(datasets.get_data_home(data_home), "lfw_home")
    home = home / (FUNNELED if funneled else PLAIN)
    return {
        name: _copy(home / name.replace(" ", "_"), pathlib.Path(folder) / name)
        for name in names
    }


def _count_photos(data_home, least, funneled):
    """How many photos each person has, after all is fetched."""
    home = pathlib.Path(datasets.get_data_home(data_home), "lfw_home")
    which = FUNNELED if funneled else PLAIN
    archive = home / f"{which.replace('_', '-')}.tgz"
    if archive.exists() and (home / which).exists():
        raise ValueError(
            f"{home / which} should be complete, but {archive.name} beside it "
            "tells that its unpacking was interrupted. Remove that folder, "
            "and run the same again."
        )
    try:
        # One pixel of each, as of all of them in colour there would be 10 GB
        # in memory: the files that this leaves on the disk are copied.
        people = datasets.fetch_lfw_people(
            data_home=data_home,
            funneled=funneled,
            min_faces_per_person=least,
            resize=None,
            slice_=ONE_PIXEL,
            n_retries=2,
        )
    except OSError as error:
        raise ConnectionError(
            "Labeled Faces in the Wild should be fetched once, 200 MB from "
            f"figshare.com. Received: {error}. Connect to a network; or put "
            f"{archive.name}, pairs.txt, pairsDevTrain.txt and "
            f"pairsDevTest.txt into {home}. The synthetic people need no "
            "network: synthetic.film_person(...)."
        ) from error
    return Counter(str(people.target_names[n]) for n in people.target)


def _copy(home, folder):
    """Copy a person's photos into a folder, and say what they are."""
    with footage_folder.locked(folder) as folder:
        footage_log.read_log(folder)  # a damaged one stops before, not after
        with tempfile.TemporaryDirectory(dir=folder, prefix=".lfw-") as room:
            photos = sorted(home.glob("*.jpg"))
            files = {
                photo.name: pathlib.Path(room, photo.name) for photo in photos
            }
            for photo in photos:
                shutil.copyfile(photo, files[photo.name])
            placed = footage_folder.place_files(files, folder).values()
        if not (folder / consent.FILE).exists():
            who = f"{folder.name}, as LFW names them"
            consent.write_consent(folder, who, ORIGIN, CONSENT)
        taken = [name for name, word in placed if word.startswith("taken")]
        footage_log.note_source(folder, "LFW", home.name, taken)
    return (
        f"{len(taken)} photos taken, {len(photos) - len(taken)} there already"
    )
