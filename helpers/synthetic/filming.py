"""Names or a seed -> footage of people who do not exist, in folders."""

import pathlib

from helpers.files.progress import print_progress
from helpers.footage import footage_folder, footage_log
from helpers.synthetic import footage
from helpers.synthetic.workers import run_jobs


def film_people(folder, identities, **takes):
    """Film several people, and print how far it is.

    Args:
        folder: str or path; a folder for each person is made in it.
        identities: see `footage.write_footage`, as is the rest.
        **takes: how many, how long, and the seed.

    Returns:
        dict, see `footage.write_footage`.

    Raises:
        ValueError: if there is nobody of that name, or no single folder.
    """
    if isinstance(folder, dict):
        raise ValueError(
            "People who do not exist are filmed into one folder. Received: "
            f"FOOTAGE_FOLDER={folder!r:.200}. Give the name of one folder, or "
            "set SYNTHETIC = False for footage that is there."
        )
    filmed = footage.write_footage(
        folder,
        identities,
        progress=print_progress("takes filmed"),
        **takes,
    )
    others = filmed["other_takes"]
    print(f"{filmed['takes']} takes, {filmed['takes_written']} of them new")
    if others:
        named = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        print(f"takes of another run, used as well: {len(others)} ({named})")
    return filmed


def film_person(
    who,
    folder,
    takes=20,
    test_takes=2,
    frames_per_take=12,
    seed=0,
    processes=2,
):
    """Film a person who does not exist, with the truth beside each take.

    Args:
        who: str, a name (see `synthetic.identity_parameters`); or int, the
            seed of a random person.
        folder: str or path of the person's footage, made if need be.
        takes: int, `train_000.mp4` onwards.
        test_takes: int, `test_000.mp4` onwards; with the same seed everybody
            does the same in them.
        frames_per_take: int.
        seed: int. Another seed is other takes of the same person.
        processes: int, how many takes are rendered at the same time.

    Returns:
        dict from file to what happened, in words.

    Raises:
        ValueError: if there is nobody of that name.
        FileExistsError: if other footage has the name of a take.
    """
    name = f"person_{int(who):04d}" if str(who).isdecimal() else who
    folder = pathlib.Path(folder)
    counts = {"train": takes, "test": test_takes}
    planned = footage.plan_takes(folder, name, counts, frames_per_take, seed)
    missing = footage.missing_takes(planned)
    files = [f"{take[1]}.mp4" for take in missing]
    for file in files:
        _check_free(folder / file)
    with footage_folder.locked(folder):
        run_jobs(footage.write_take, missing, processes)
        footage_log.note_source(
            folder, "synthetic", f"{name}, seed {seed}", files
        )
    return {
        file: "filmed" if file in files else "there already"
        for file in (f"{take[1]}.mp4" for take in planned)
    }


def _check_free(path):
    """That a clip to be filmed would replace nothing but half of itself."""
    if not path.exists():
        return
    known = path.with_suffix(".truth.json").exists()
    if not known and footage.is_rendered(path):
        return  # interrupted before its truth was written
    raise FileExistsError(
        f"{path} is there already, and of other footage. Nothing was filmed. "
        "Film into another folder, or with the values of before."
    )
