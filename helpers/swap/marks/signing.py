"""The signing key: a user's folder in, the key that signs results out.

It is made on this computer, with a certificate by a root of its own, and
nobody vouches for it.
"""

import datetime
import os
import pathlib
import sys

import filelock
from cryptography import exceptions, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from helpers.files import manifests

NAME = "comb-face-swap-course"
FOLDER_VARIABLE = "COURSE_CREDENTIALS"
KEY_FILE = "signer.pem"
LOCK_SECONDS = 60  # making a key takes a few milliseconds

# Only the clock of this computer says when a file was signed, so a signature
# is valid as long as its certificate. The certificate is renewed when half of
# its time is over: each file is valid for ten years at least.
VALID = datetime.timedelta(days=20 * 365)
RENEW = VALID / 2


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


def own_roots(folder=None):
    """Roots of this user's key, by which own files are known.

    Args:
        folder: str or path, or `None` for `credentials_folder()`.

    Returns:
        list of certificates; empty where there is no key. None is made.

    Raises:
        ValueError: if the key file is damaged.
    """
    path = _key_path(folder)
    return _read_key(path)[1][1:] if path.is_file() else []


def to_pem(certificates):
    """Certificates as the bytes of a PEM file."""
    pem = serialization.Encoding.PEM
    return b"".join(
        certificate.public_bytes(pem) for certificate in certificates
    )


def key_pem(key):
    """The private key as the bytes of a PEM file, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _key_path(folder):
    folder = credentials_folder() if folder is None else pathlib.Path(folder)
    return folder / KEY_FILE


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
        partial.write_bytes(key_pem(key) + to_pem(certificates))
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
