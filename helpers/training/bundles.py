"""Bundles: a network as a folder that others can load, and back.

A bundle holds two files. `weights.safetensors` is names, shapes and numbers,
no code; the network comes from this package. `manifest.json` says what they
are: contract, architecture, identities, training, scores, the weights'
sha256, and, once it is shared, under which licence and with whose consent.
"""

import pathlib
import traceback

import keras
import numpy as np

from helpers.comb import Comb
from helpers.crowd import Crowd
from helpers.detail_network import DetailNetwork
from helpers.files import manifests
from helpers.files.arrays import assign_arrays, read_arrays, write_arrays
from helpers.swapper import named_variables
from helpers.training.origins import (
    WEIGHTS,
    HostileBundleError,
    local_folder,
)

# the notebooks that write bundles, for advice
MAKERS = ("03_full_training", "02_layerwise_pretraining")
PARTS = ("all", "shared", "encoder")  # what is loaded; the rest is fresh
TYPES = ("float32", "float16")
HELPERS = manifests.project_root() / "helpers"
SHIFTS = "shift/"  # "shift/source/target", beside the weights of a comb


def save_bundle(network, folder, made_by, **details):
    """Write a network as a folder that can be loaded again.

    Args:
        network: `Swapper`.
        folder: str or path.
        made_by: str. Who writes it: the stem of a notebook, or any name.
        **details: more for the manifest, for instance `parameters`, `scores`
            and `training`, from `training_summary()`.

    Returns:
        dict: the manifest.
    """
    folder = pathlib.Path(folder)
    arrays = {
        name: keras.ops.convert_to_numpy(variable)
        for name, variable in network.variables().items()
    }
    numbers = sum(array.size for array in arrays.values())
    for (source, target), shift in network.shifts.items():
        arrays[f"{SHIFTS}{source}/{target}"] = np.asarray(shift, "float32")
    if network.detail is not None:
        details["detail"] = network.detail.config()
        for name, variable in network.detail.variables().items():
            arrays[name] = keras.ops.convert_to_numpy(variable)
    write_arrays(folder / WEIGHTS, arrays)
    return manifests.write_manifest(
        folder,
        made_by,
        contract=network.contract,
        files=[WEIGHTS],
        kind=type(network).__name__.lower(),
        config={**network.config(), "level": network.level},
        numbers=numbers,
        **details,
    )


def training_summary(history):
    """What the manifest tells of the training, from `Trainer.history`.

    Returns:
        dict: `steps`, `seconds`, `resolution`, and the last `losses` and
        `held_out` losses; empty for an empty history.
    """
    if not history:
        return {}
    last = history[-1]
    names = ("seconds", "resolution", "losses", "held_out")
    return {"steps": last["step"], **{name: last[name] for name in names}}


def read_bundle(origin, kinds=(Comb, Crowd), sha256=None, cache=None):
    """Manifest of a bundle, after everything was checked but the numbers.

    Args: see `load_bundle()`.

    Returns:
        dict: who made it, `kind`, `config`, `contract`, `training`, `scores`,
        and `sharing` (`licence`, `data`, `consent`) where it was stated.
    """
    with local_folder(origin, sha256, cache) as folder:
        return read_bundle_manifest(folder, kinds)


def load_bundle(
    origin,
    kinds=(Comb,),
    parts="all",
    identities=None,
    contract=None,
    sha256=None,
    cache=None,
):
    """Network of a bundle, built anew and given its weights.

    Args:
        origin: str or path. A folder, a `.zip` file, an `https://` address of
            one, or `hf://owner/name@revision`. See `origins.local_folder()`.
        kinds: tuple of classes that will do, each a `Swapper`.
        parts: `"all"`; `"shared"` for the encoder and the shared levels with
            fresh decoders; or `"encoder"` for that alone.
        identities: names of the fresh decoders, `None` for the bundle's own.
        contract: dict that the bundle has to follow, or `None` for any. How
            large crops are stored may differ: no network depends on it. The
            network takes this one for its own.
        sha256: str or `None`. Of its manifest: what `share_bundle()` gave.
        cache: folder for what is fetched, `None` for `weights/fetched`.

    Returns:
        A network of one of the kinds; with fresh decoders a `Comb`.

    Raises:
        FileNotFoundError: if the bundle is missing or unfinished.
        ContractError: if it follows another contract.
        ValueError: if it is damaged, or holds something else than it says or
            than was asked for.
        ConnectionError: if it cannot be fetched.
    """
    if parts not in PARTS or (parts == "all" and identities is not None):
        raise ValueError(
            f"parts is one of {', '.join(PARTS)}; identities go with the last "
            f"two. Received: parts={parts!r}, identities={identities!r}"
        )
    with local_folder(origin, sha256, cache) as folder:
        manifest = read_bundle_manifest(folder, kinds)
        if contract is not None:
            size = {"crop_size": contract["crop_size"]}
            received = {**manifest["contract"], **size}
            manifests.check_contract(contract, received, MAKERS[0])
        network = _build(manifest, kinds, parts, identities)
        network.contract = contract or network.contract
        variables = named_variables(network.layers_of(parts))
        if network.detail is not None:
            _check_detail(network, origin)
            variables |= network.detail.variables()
        arrays = read_weights(folder, None if parts == "all" else variables)
    shifts = {n: arrays.pop(n) for n in list(arrays) if n.startswith(SHIFTS)}
    assign_arrays(variables, arrays, str(origin))
    if shifts:
        network.shifts = _checked_shifts(shifts, network, origin)
    return network


def _checked_shifts(arrays, network, origin):
    """Shifts by `(source, target)`, which have to be its identities."""
    known, size = set(network.identities), (network.latent_dim,)
    shifts = {}
    for name, array in arrays.items():
        pair = tuple(name.split("/")[1:])
        if len(pair) != 2 or not known.issuperset(pair) or array.shape != size:
            raise ValueError(
                f"{origin} should hold shifts of shape {size} between "
                f"{', '.join(sorted(known))}. Received: {name!r} of shape "
                f"{array.shape}. Fetch the bundle again."
            )
        shifts[pair] = array
    return shifts


def _check_detail(network, origin):
    """Stop if a detail network is not of what this network draws."""
    detail, known = network.detail, set(network.identities)
    fits = known.issuperset(detail.identities)
    if not fits or detail.resolution != network.resolution:
        raise ValueError(
            f"{origin} should hold the detail network of {network.resolution} "
            f"pixels of {', '.join(network.identities)}. Received: "
            f"{detail.config()!r:.200}. Fetch the bundle again."
        )


def _build(manifest, kinds, parts, identities):
    """The network that a manifest describes, with fresh weights."""
    config = dict(manifest["config"])
    level = config.pop("level")
    kind = _by_name(kinds)[manifest["kind"]]
    build = kind if parts == "all" else kind.with_fresh_decoders
    if parts != "all":
        config["identities"] = identities or config.get("identities")
    try:
        network = build(**config)
        if parts == "all" and manifest.get("detail") is not None:
            network.detail = DetailNetwork(**manifest["detail"])
    except TypeError as error:
        raised = traceback.extract_tb(error.__traceback__)[-1].filename
        if not pathlib.Path(raised).is_relative_to(HELPERS):
            raise  # by Keras, of how it is set up: no fault of the manifest
        raise ValueError(
            f"The manifest should describe a {manifest['kind']}. Received: "
            f"config={manifest['config']!r:.300} ({error}). Fetch the bundle "
            "again."
        ) from error
    # as it was built it stands at its top level
    if level not in range(network.level + 1):
        raise ValueError(
            f"A level from 0 to {network.level} was expected in the manifest. "
            f"Received: level={level!r}"
        )
    network.level = level
    return network


def _by_name(kinds):
    """Classes by the word that a manifest has for them."""
    return {kind.__name__.lower(): kind for kind in kinds}


def read_bundle_manifest(folder, kinds):
    """A bundle's manifest, whose every word that is used was checked."""
    makers = MAKERS if Crowd not in kinds else MAKERS[::-1]
    # who made it is information, and no lock
    manifest = manifests.read_manifest(folder, makers, by_others=True)
    known = _by_name(kinds)
    if manifest.get("kind") not in known:
        raise ValueError(
            f"{folder} should hold a {' or a '.join(known)}. "
            f"Received: kind={manifest.get('kind')!r}"
        )
    files = manifest.get("files")
    if not isinstance(files, dict) or set(files) != {WEIGHTS}:
        raise ValueError(
            f"The manifest of {folder} should hold the sha256 of {WEIGHTS}, "
            f"and of nothing else. Received: {files!r:.200}. Fetch the bundle "
            "again."
        )
    manifests.read_manifest(folder, makers, verify=True, by_others=True)
    try:
        _check_config(manifest, known[manifest["kind"]], folder / WEIGHTS)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(
            f"The manifest of {folder} does not describe a network. Received: "
            f"{type(error).__name__} {error}. Fetch the bundle again."
        ) from error
    return manifest


def _check_config(manifest, kind, path):
    """Stop at an architecture that its weights cannot fill, or a contract.

    Networks are built before their weights are read: a lie about widths would
    take all the memory there is.
    """
    config, contract = manifest["config"], manifest["contract"]
    known = {n: contract[n] for n in ("crop_size", "coverage", "template")}
    whole = manifests.data_contract(**known)
    for received in (contract, config["contract"]):
        manifests.check_contract(whole, received, MAKERS[0])
    least, held = kind.least_numbers(config), path.stat().st_size // 2
    if manifest.get("detail") is not None:
        least += DetailNetwork.least_numbers(manifest["detail"])
    if least > held:
        raise HostileBundleError(
            f"The architecture in the manifest takes {least} numbers at least. "
            f"Received: {path} with room for {held}. Do not use this bundle."
        )


def read_weights(folder, names=None):
    """float32 arrays of a bundle of these names, `None` for all.

    Raises:
        ValueError: if the file is damaged, or holds something else than
            finite numbers of float32 or float16.
    """
    arrays, _ = read_arrays(folder / WEIGHTS)
    weights = {}
    for name, array in arrays.items():
        if names is not None and name not in names:
            continue
        if array.dtype.name not in TYPES or not np.isfinite(array).all():
            raise ValueError(
                f"Weights are finite numbers of {' or '.join(TYPES)}. "
                f"Received: {name} of {array.dtype.name} in {folder}"
            )
        weights[name] = array.astype("float32")
    return weights
