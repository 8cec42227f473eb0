"""A name or a seed -> footage of a person who does not exist, in a folder."""

import pathlib

from helpers.footage import footage_folder, footage_log
from helpers.synthetic import footage
from helpers.synthetic.workers import run_jobs


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
