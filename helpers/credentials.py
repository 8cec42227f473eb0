"""Credentials: a file in, the same with signed Content Credentials out.

C2PA Content Credentials say in a file who made it and how, and are signed
over its content, so that a change is noticed. The signature is worth what its
key is: ours is made on this computer and nobody vouches for it, so other
people's readers call the file intact and its signer unknown.

Reference:
    - [C2PA Technical Specification](https://spec.c2pa.org/)
"""

import datetime
import mimetypes
import os
import pathlib
import sys

import c2pa
import filelock
from cryptography import exceptions, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from helpers import manifests

NAME = "comb-face-swap-course"
FOLDER_VARIABLE = "COURSE_CREDENTIALS"
KEY_FILE = "signer.pem"
LOCK_SECONDS = 60  # making a key takes a few milliseconds

# what the mark is called among the credentials' assertions
MARK_LABEL = "io.github.comb-course.mark"
ORIGINAL = "original"

# Only the clock of this computer says when a file was signed, so a signature
# is valid as long as its certificate. The certificate is renewed when half of
# its time is over: each file is valid for ten years at least.
VALID = datetime.timedelta(days=20 * 365)
RENEW = VALID / 2

FORMATS = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".png": "image/png",
}


def credentials_folder():
    """Folder of the key: the user's own, never one that is shared.

    Returns:
        pathlib.Path: what the environment variable `COURSE_CREDENTIALS`
        names, else a folder where the system keeps a user's settings.
    """
    if os.environ.get(FOLDER_VARIABLE):
        return pathlib.Path(os.environ[FOLDER_VARIABLE])
    windows = sys.platform == "win32"
    base = os.environ.get("APPDATA" if windows else "XDG_CONFIG_HOME")
    settings = pathlib.Path(base) if base else pathlib.Path.home() / ".config"
    return settings / NAME


def signing_key(folder=None, now=None):
    """The key that signs, with its certificates; made when there is none.

    Whoever has the file can sign in this user's name: only the user may read
    it, and it belongs into no repository. The key of the root is not kept, so
    that nothing else is ever signed by it.

    Args:
        folder: str or path, or `None` for `credentials_folder()`.
        now: datetime with a time zone, or `None` for the computer's clock.

    Returns:
        Tuple of the private key and a list of certificates: the key's own,
        its root, and the roots that it had before it was renewed.

    Raises:
        ValueError: if the key file is damaged.
        OSError: if the folder cannot be written or the file not be read.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    path = _key_path(folder)
    try:
        current = _read_current(path, now)
        if current is None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with filelock.FileLock(path.with_suffix(".lock"), LOCK_SECONDS):
                # another process may have made one meanwhile
                current = _read_current(path, now) or _make_key(path, now)
    except OSError as error:
        raise OSError(
            "The key that signs results is kept in a folder of the user's, "
            f"who has to be able to write there. Received: {path.parent} "
            f"({error}). Set {FOLDER_VARIABLE} to another folder."
        ) from error
    return current


def sign(path, mark, original=None, folder=None):
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
    chain = _to_pem(certificates[:2])
    info = c2pa.C2paSignerInfo(b"es256", chain, _key_pem(key), None)
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


def read(path, folder=None):
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
    context = _context(_own_roots(folder))
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
        settings["trust"] = {"user_anchors": _to_pem(roots).decode("ascii")}
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
        found = (action[name] for action in actions if name in action)
        return next(found, None)

    names = (info.get("common_name"), info.get("issuer"))
    return {
        "signer": ", ".join(name for name in names if name) or None,
        "signed_at": info.get("time") or first("when"),
        "digital_source_type": first("digitalSourceType"),
    }


def _key_path(folder):
    folder = credentials_folder() if folder is None else pathlib.Path(folder)
    return folder / KEY_FILE


def _own_roots(folder):
    """Roots of this user's key; none is made by reading."""
    path = _key_path(folder)
    return _read_key(path)[1][1:] if path.is_file() else []


def _read_key(path):
    content = path.read_bytes()
    try:
        key = serialization.load_pem_private_key(content, password=None)
        certificates = x509.load_pem_x509_certificates(content)
        own, root = certificates[:2]
        own.verify_directly_issued_by(root)
        if own.public_key() != key.public_key():
            raise ValueError("the key and its certificate do not fit")
    except (ValueError, TypeError, exceptions.InvalidSignature) as error:
        raise ValueError(
            f"{path} should hold a private key, its certificate and its root. "
            f"Received: {len(content)} bytes that do not ({error}). Put back "
            "a copy, or delete it: a new one is made, and what was signed "
            "before is no longer trusted on this computer."
        ) from error
    return key, certificates


def _read_current(path, now):
    """Key and certificates, or `None` if they are to be made (anew)."""
    if not path.is_file():
        return None
    key, certificates = _read_key(path)
    own = certificates[0]
    begun = own.not_valid_before_utc <= now
    lasts = now <= own.not_valid_after_utc - RENEW
    return (key, certificates) if begun and lasts else None


def _make_key(path, now):
    former = _read_key(path)[1][1:] if path.is_file() else []
    key, root_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    own = _certify(key.public_key(), root_key, now)
    root = _certify(root_key.public_key(), root_key, now)
    certificates = [own, root, *former]
    with manifests.atomic_path(path) as partial:
        partial.touch(mode=0o600)  # before the key is in it
        partial.write_bytes(_key_pem(key) + _to_pem(certificates))
    return key, certificates


def _certify(public_key, root_key, now):
    """A certificate signed by the root: of itself, or for e-mail.

    The specification asks for a purpose of the key, and takes this one.
    """
    root_public = root_key.public_key()
    is_root = public_key == root_public
    other_uses = dict.fromkeys(
        "content_commitment key_encipherment data_encipherment key_agreement "
        "crl_sign encipher_only decipher_only".split(),
        False,
    )
    usage = {"digital_signature": not is_root, "key_cert_sign": is_root}
    length = 0 if is_root else None
    extensions = [
        (x509.BasicConstraints(ca=is_root, path_length=length), True),
        (x509.KeyUsage(**usage, **other_uses), True),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_public),
            False,
        ),
    ]
    if not is_root:
        email = x509.ExtendedKeyUsageOID.EMAIL_PROTECTION
        extensions.append((x509.ExtendedKeyUsage([email]), False))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("root" if is_root else "certificate"))
        .issuer_name(_name("root"))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        # clocks of two computers differ
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALID)
    )
    for extension, critical in extensions:
        certificate = certificate.add_extension(extension, critical)
    return certificate.sign(root_key, hashes.SHA256())


def _name(kind):
    names = x509.NameOID
    return x509.Name(
        [
            x509.NameAttribute(names.ORGANIZATION_NAME, NAME),
            x509.NameAttribute(names.COMMON_NAME, f"self-made {kind}"),
        ]
    )


def _key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _to_pem(certificates):
    pem = serialization.Encoding.PEM
    return b"".join(
        certificate.public_bytes(pem) for certificate in certificates
    )
