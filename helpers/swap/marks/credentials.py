"""Credentials: a file in, the same with signed Content Credentials out.

C2PA Content Credentials say in a file who made it and how, and are signed
over its content, so that a change is noticed. The signature is worth what its
key is: ours is made on this computer and nobody vouches for it, so other
people's readers call the file intact and its signer unknown.

Reference:
    - [C2PA Technical Specification](https://spec.c2pa.org/)
"""

import mimetypes
import pathlib

import c2pa

from helpers.files import manifests
from helpers.swap.marks.signing import key_pem, own_roots, signing_key, to_pem

# what the mark is called among the credentials' assertions
MARK_LABEL = "io.github.comb-course.mark"
ORIGINAL = "original"

FORMATS = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".png": "image/png",
}


def sign_file(path, mark, original=None, folder=None):
    """Write signed Content Credentials into a file, which stays as it looks.

    As the specification has it for a picture of which a part is generated,
    they say that the original was opened and then edited, with the mark's
    digital source type. What the original's own credentials say stays in
    them. Without an original the file was created.

    Args:
        path: str or path of a .png, .jpg, .gif, .mp4, .m4v or .mov file,
            which is replaced in one step.
        mark: dict from `provenance.build_mark`.
        original: str or path of the photo or video that was edited, or
            `None`. Its name and pixels are not written down, unless its own
            credentials hold them.
        folder: str or path of the key, or `None` for `credentials_folder()`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is of another kind or damaged, or the key is.
        OSError: if the folder of the key cannot be written.
    """
    path = pathlib.Path(path)
    file_format = _file_format(path)
    key, certificates = signing_key(folder)
    chain = to_pem(certificates[:2])
    info = c2pa.C2paSignerInfo(b"es256", chain, key_pem(key), None)
    try:
        with (
            manifests.atomic_path(path) as partial,
            _build_manifest(mark, original) as builder,
            c2pa.Signer.from_info(info) as signer,
            open(path, "rb") as source,
            open(partial, "w+b") as target,
        ):
            builder.sign(signer, file_format, source, target)
    except c2pa.C2paError as error:
        raise ValueError(
            f"A file to be signed should be a sound {file_format}. "
            f"Received: path={str(path)!r} ({error}). Write it anew."
        ) from error


def read_credentials(path, folder=None):
    """What the Content Credentials of a file say, and whether they hold.

    Nothing is fetched from the network. In a video the few bytes that name
    its file type are not signed, by the specification.

    Args:
        path: str or path of a .png, .jpg, .gif, .mp4, .m4v or .mov file.
        folder: str or path of the key, or `None` for `credentials_folder()`.

    Returns:
        dict with `credentials` (`"valid"`, `"invalid"` or `"none"`),
        `altered` (whether the file was changed since it was signed, or
        `None` without credentials: who takes them out leaves no trace),
        `trusted` (whether a key of this user signed it), `signer`,
        `signed_at` (by the signer's clock), `digital_source_type` (these
        three str, or `None` where unknown or altered) and `problems` (list of
        str, the specification's codes).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is of another kind, or the key is damaged.
    """
    path = pathlib.Path(path)
    file_format = _file_format(path)
    report = {
        "credentials": "none",
        "altered": None,
        "trusted": False,
        "signer": None,
        "signed_at": None,
        "digital_source_type": None,
        "problems": [],
    }
    context = _context(own_roots(folder))
    try:
        with (
            open(path, "rb") as file,
            c2pa.Reader(file_format, file, context=context) as reader,
        ):
            report.update(_check(reader))
            # what an altered file says of itself is not repeated
            if not report["altered"]:
                report.update(_statements(reader.get_active_manifest()))
    except c2pa.C2paError.ManifestNotFound:
        return report
    except c2pa.C2paError as error:
        if str(error).startswith("Remote"):
            return report  # they lie elsewhere, and are not fetched
        # there, but so damaged that they cannot be taken apart
        broken = {"credentials": "invalid", "altered": True}
        report.update(broken, problems=[str(error)])
    return report


def _file_format(path):
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise ValueError(
            f"Content Credentials go into {', '.join(FORMATS)}. "
            f"Received: path={str(path)!r}"
        )
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file {path}. Give the path of a written result."
        )
    return FORMATS[ending]


def _context(roots=()):
    """Settings of the library: no network, no thumbnails, whom to trust."""
    settings = {
        # a thumbnail is forty times the rest, and one more picture of a face
        "builder": {"thumbnail": {"enabled": False}},
        "verify": {"remote_manifest_fetch": False},
    }
    if roots:
        settings["trust"] = {"user_anchors": to_pem(roots).decode("ascii")}
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def _build_manifest(mark, original):
    action = {
        "action": "c2pa.created" if original is None else "c2pa.edited",
        "when": mark["made_at"],
        "digitalSourceType": mark["digital_source_type"],
    }
    opened = {
        "action": "c2pa.opened",
        "parameters": {"ingredientIds": [ORIGINAL]},
    }
    actions = [action] if original is None else [opened, action]
    assertions = {"c2pa.actions": {"actions": actions}, MARK_LABEL: mark}
    manifest = {
        "claim_generator_info": [{"name": mark["generator"]}],
        # "created" by the signer, who answers for them
        "assertions": [
            {"label": label, "data": data, "created": True}
            for label, data in assertions.items()
        ],
    }
    builder = c2pa.Builder(manifest, _context())
    if original is not None:
        _add_original(builder, pathlib.Path(original))
    return builder


def _add_original(builder, path):
    ingredient = {
        "title": ORIGINAL,
        "label": ORIGINAL,
        "relationship": "parentOf",
    }
    unknown = "application/octet-stream"
    file_format = mimetypes.guess_type(path.name, strict=False)[0] or unknown
    with open(path, "rb") as file:
        try:
            builder.add_ingredient(ingredient, file_format, file)
        except c2pa.C2paError:
            # its name lies about its format, or it is damaged: it stays the
            # original, but what its own credentials say cannot be taken over
            file.seek(0)
            builder.add_ingredient(ingredient, unknown, file)


def _check(reader):
    """Whether the credentials hold, as far as the library can tell."""
    results = reader.get_validation_results()
    # those of the original, where something changed since it was taken over
    originals = [
        original["validationDeltas"]
        for original in results.get("ingredientDeltas", [])
    ]
    problems = [
        failure["code"]
        for part in (results["activeManifest"], *originals)
        for failure in part["failure"]
    ]
    state = reader.get_validation_state()
    return {
        "credentials": "invalid" if state == "Invalid" else "valid",
        # an expired or unknown signer is a problem, but no change of the file
        "altered": any(
            code.endswith((".mismatch", ".missing")) for code in problems
        ),
        "trusted": state == "Trusted",
        "problems": problems,
    }


def _statements(manifest):
    """Who signed, when, and what kind of picture it is, by the manifest."""
    info = manifest.get("signature_info", {})
    actions = [
        action
        for assertion in manifest.get("assertions", [])
        if assertion["label"].startswith("c2pa.actions")
        for action in assertion["data"].get("actions", [])
    ]

    def first(name):
        values = (action[name] for action in actions if name in action)
        return next(values, None)

    names = (info.get("common_name"), info.get("issuer"))
    return {
        "signer": ", ".join(name for name in names if name) or None,
        "signed_at": info.get("time") or first("when"),
        "digital_source_type": first("digitalSourceType"),
    }
