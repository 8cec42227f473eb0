"""Face sets: folders of aligned crops and records, handed on and read."""

import pathlib

from helpers.faces.face_records import (
    FILES,
    MADE_BY,
    RECORDS,
    REPORT,
    read_lines,
    read_records,
)
from helpers.faces.face_set import FaceSet
from helpers.files import foreign_files, manifests
from helpers.files.names import check_identities, check_name, path_on_disk
from helpers.footage import consent

AGAIN_FOR_IT = "Run extraction.extract_faces for it."


def write_face_sets(
    output_folder, identities, contract, parameters=None, least=2
):
    """Finish the face sets' folder: write its manifest.

    Args:
        output_folder: str or path that `extraction.extract_faces` wrote to.
        identities: list of str, different names.
        contract: dict from `manifests.data_contract()`.
        parameters: dict of the notebook's parameters.
        least: int. Fewest identities: 1 for faces that join others.

    Returns:
        dict: the manifest, with `identities`, a dict of name to `train`,
        `test` (counts), `consent` and `report`.

    Raises:
        FileNotFoundError: if an identity's faces are missing or unfinished.
        ValueError: if there are too few identities, or one twice.
        manifests.ContractError: if faces were cut under another contract.
    """
    folder = pathlib.Path(output_folder)
    check_identities(identities, least=least)
    summary, files = {}, []
    for identity in identities:
        report_path = folder / identity / REPORT
        report = {}
        if report_path.is_file():
            report = foreign_files.read_json(report_path, AGAIN_FOR_IT)
        if not {"kept", "train", "test", "consent"} <= set(report):
            raise FileNotFoundError(
                f"The faces of {identity!r} are missing or unfinished: "
                f"{report_path} should say how many are kept. {AGAIN_FOR_IT}"
            )
        received = contract_of(folder / identity)
        manifests.check_contract(contract, received, MADE_BY)
        summary[identity] = {
            "train": report["train"],
            "test": report["test"],
            "consent": report["consent"],
            "report": report,
        }
        files += [f"{identity}/{RECORDS}", f"{identity}/{REPORT}"]
    return manifests.write_manifest(
        folder,
        MADE_BY,
        contract,
        parameters,
        files,
        identities=summary,
    )


def home_of(folder, identity):
    """The folder of one identity's faces, which leads nowhere else.

    Args:
        folder: str or path that extraction wrote to.
        identity: str.

    Returns:
        pathlib.Path.

    Raises:
        ValueError: if the identity is no name, or there is a link inside.
    """
    check_name(identity)
    home = path_on_disk(pathlib.Path(folder) / identity)
    todo = "Do not use it; make it anew from the footage."
    foreign_files.check_no_links(home, todo)
    return home


def contract_of(folder):
    """The contract that the faces of one identity were cut under.

    Args:
        folder: pathlib.Path of one identity's faces.

    Returns:
        dict, see `manifests.data_contract`.

    Raises:
        ValueError: if its files do not say.
    """
    head = read_lines(folder / FILES)[:1]
    try:
        contract = head[0]["settings"]["contract"]
    except (LookupError, TypeError):
        contract = None
    if not manifests.is_contract(contract):
        raise ValueError(
            f"{folder / FILES} should begin with the settings of the faces. "
            f"Received: {str(head)[:100]}. {AGAIN_FOR_IT}"
        )
    return contract


def read_face_set(folder, identity, contract=None, everything=False):
    """The faces of one identity from a finished folder.

    Args:
        folder: str or path that `write_face_sets` finished.
        identity: str, a name that the manifest lists.
        contract: dict, the contract of the stage that reads, or `None`.
        everything: bool. Whether to give the faces that were left out, too.

    Returns:
        FaceSet.

    Raises:
        FileNotFoundError: if the folder is missing or unfinished.
        ValueError: if there is no such identity, or if a record is broken.
        manifests.ContractError: if the contracts differ.
    """
    folder = pathlib.Path(folder)
    manifest = manifests.read_manifest(folder, MADE_BY)
    known = list(_identities_of(folder, manifest))
    if identity not in known:
        raise ValueError(_unknown_identity(folder, known, identity))
    home = home_of(folder, identity)
    if contract is not None:
        manifests.check_contract(contract, manifest["contract"], MADE_BY)
    records = read_records(home / RECORDS)
    if not everything:
        # face sets of before hold nothing else
        records = [each for each in records if each.get("left_out") is None]
    return FaceSet(identity, home, manifest["contract"], records)


def read_face_sets(folder, identities=None, contract=None):
    """The faces of several identities, see `read_face_set`.

    Args:
        folder: see `read_face_set`.
        identities: list of str, or `None` for all that the folder holds.
        contract: see `read_face_set`.

    Returns:
        dict from identity to `FaceSet`.
    """
    if identities is None:
        manifest = manifests.read_manifest(folder, MADE_BY)
        identities = _identities_of(folder, manifest)
    return {name: read_face_set(folder, name, contract) for name in identities}


def read_all_faces(folder, identity):
    """All faces of one identity, before the folder's manifest is written.

    Args:
        folder: str or path that `extraction.extract_faces` wrote to.
        identity: str.

    Returns:
        FaceSet, with the faces that were left out.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if a record is broken.
    """
    home = home_of(folder, identity)
    records = read_records(home / RECORDS)
    return FaceSet(identity, home, contract_of(home), records)


def consent_of(folder, identity):
    """What was stated about a person when their face set was made.

    Args:
        folder: str or path that `write_face_sets` finished.
        identity: str, a name that the manifest lists.

    Returns:
        dict, see `consent.read_consent`.

    Raises:
        FileNotFoundError: if the folder is missing or unfinished.
        ValueError: if there is no such identity.
    """
    manifest = manifests.read_manifest(folder, MADE_BY)
    identities = _identities_of(folder, manifest)
    if identity not in identities:
        raise ValueError(_unknown_identity(folder, identities, identity))
    # older face sets do not say
    return identities[identity].get("consent", consent.unstated())


def _identities_of(folder, manifest):
    """What a manifest of face sets says of each identity."""
    identities = manifest.get("identities")
    good = isinstance(identities, dict) and all(
        isinstance(each, dict) for each in identities.values()
    )
    if not good or not manifest.get("contract"):
        raise ValueError(
            f"{folder}'s {manifests.MANIFEST} should say which identities it "
            f"holds, and a contract. Received: {str(identities)[:100]}. Run "
            f"notebooks/{MADE_BY}.ipynb again."
        )
    return identities


def _unknown_identity(folder, known, identity):
    return (
        f"{folder} holds the identities {', '.join(known)}. "
        f"Received: {identity!r}. Use one of them, or add its footage "
        f"and run notebooks/{MADE_BY}.ipynb again."
    )
