"""Signing: a key of one's own, made once, kept from others, renewed."""

import datetime
import os
import subprocess
import sys
import time

import pytest
from pictures import write_plain

from helpers.files import manifests
from helpers.swap.marks import credentials, provenance, signing


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def mark():
    return provenance.build_mark("Zoë", visible_label=True)


def days(number):
    now = datetime.datetime.now(datetime.UTC)
    return now + datetime.timedelta(days=number)


def test_the_key_is_made_once(tmp_path, folder, mark):
    key, certificates = signing.signing_key(folder)
    again, same = signing.signing_key(folder)
    assert again.private_numbers() == key.private_numbers()
    assert same == certificates and len(certificates) == 2
    for name in ("a.png", "b.gif"):
        path = write_plain(tmp_path / name)
        credentials.sign_file(path, mark, folder=folder)
        assert credentials.read_credentials(path, folder)["trusted"]
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["signer.lock", "signer.pem"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights otherwise")
def test_only_the_user_may_read_the_key(folder):
    before = os.umask(0)
    try:
        signing.signing_key(folder)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "signer.pem").stat().st_mode & 0o777 == 0o600


def test_the_key_is_renewed_when_half_its_time_is_over(tmp_path, folder, mark):
    path = write_plain(tmp_path / "a.png")
    credentials.sign_file(path, mark, folder=folder)
    first = signing.signing_key(folder)[1]
    half = signing.RENEW.days
    assert signing.signing_key(folder, days(half - 1))[1] == first
    second = signing.signing_key(folder, days(half + 1))[1]
    assert second[:2] != first and second[2:] == first[1:]
    # what the former key signed is still this user's
    assert credentials.read_credentials(path, folder)["trusted"]


def test_a_key_of_tomorrow_is_made_anew(folder):
    """The clock was wrong when it was made, and is right now."""
    tomorrow = signing.signing_key(folder, days(400))[1]
    today = signing.signing_key(folder)[1]
    assert today[0] != tomorrow[0]
    assert today[0].not_valid_before_utc <= days(0)


def test_an_expired_signature_is_no_longer_valid_but_nothing_was_altered(
    tmp_path, folder, mark, monkeypatch
):
    long_ago = signing.VALID.days + 30
    signing.signing_key(folder, days(-long_ago))
    path = write_plain(tmp_path / "a.png")
    credentials.sign_file(path, mark, folder=folder)  # renews it
    assert credentials.read_credentials(path, folder)["trusted"]
    monkeypatch.setattr(signing, "VALID", datetime.timedelta(seconds=2))
    monkeypatch.setattr(signing, "RENEW", datetime.timedelta(0))
    short = tmp_path / "short"
    credentials.sign_file(path, mark, folder=short)
    end = signing.signing_key(short)[1][0].not_valid_after_utc
    left = end - datetime.datetime.now(datetime.UTC)
    time.sleep(max(0, left.total_seconds()) + 1.1)  # it ends in whole seconds
    report = credentials.read_credentials(path, short)
    assert (report["credentials"], report["altered"]) == ("invalid", False)
    assert "signingCredential.expired" in report["problems"]
    assert report["signed_at"] == mark["made_at"]


def damage(content, name):
    other = b"-----BEGIN CERTIFICATE-----"
    first, second = content.index(other), content.rindex(other)
    return {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "no key": content[first:],
        "no root": content[:second],
        "other": b"something else",
        "changed": content.replace(content[first + 200 : first + 204], b"AAAA"),
    }[name]


@pytest.mark.parametrize(
    "name", ["empty", "cut", "no key", "no root", "other", "changed"]
)
def test_a_damaged_key_is_said_to_be_and_stays(name, tmp_path, folder, mark):
    path = write_plain(tmp_path / "a.png")
    plain = path.read_bytes()
    signing.signing_key(folder)
    file = folder / "signer.pem"
    broken = damage(file.read_bytes(), name)
    file.write_bytes(broken)
    for do in (
        lambda: signing.signing_key(folder),
        lambda: credentials.sign_file(path, mark, folder=folder),
        lambda: credentials.read_credentials(path, folder),
    ):
        with pytest.raises(ValueError, match="should hold a private key.*copy"):
            do()
    assert file.read_bytes() == broken and path.read_bytes() == plain


def test_a_key_and_a_certificate_of_two_do_not_fit(tmp_path, folder):
    signing.signing_key(folder)
    signing.signing_key(tmp_path / "other")
    begin = b"-----BEGIN CERTIFICATE-----"
    file = folder / "signer.pem"
    own = file.read_bytes().split(begin)
    other = (tmp_path / "other" / "signer.pem").read_bytes().split(begin)
    file.write_bytes(begin.join([own[0], *other[1:]]))
    with pytest.raises(ValueError, match="do not fit"):
        signing.signing_key(folder)
    file.write_bytes(begin.join([*own[:2], other[2]]))
    with pytest.raises(ValueError, match="should hold a private key"):
        signing.signing_key(folder)


def test_what_a_crash_left_behind_does_no_harm(folder, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(manifests.os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            signing.signing_key(folder)
    assert not (folder / "signer.pem").exists()
    (folder / ".signer.1.part.pem").write_bytes(b"-----BEGIN PRIV")
    assert len(signing.signing_key(folder)[1]) == 2


def test_a_folder_that_cannot_be_written_is_named(tmp_path, mark):
    path = write_plain(tmp_path / "a.png")
    plain = path.read_bytes()
    (tmp_path / "file").write_text("no folder")
    where = tmp_path / "file" / "keys"
    with pytest.raises(OSError, match="able to write.*COURSE_CREDENTIALS"):
        credentials.sign_file(path, mark, folder=where)
    assert path.read_bytes() == plain
    assert credentials.read_credentials(path, where)["credentials"] == "none"


def test_two_processes_at_once_make_one_key(folder):
    code = (
        "from helpers.swap.marks import signing; import sys;"
        "sys.stdin.readline();"
        f"key, certificates = signing.signing_key({str(folder)!r});"
        "print(certificates[0].serial_number, len(certificates))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=manifests.project_root(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0].split() for process in running]
    own = signing.signing_key(folder)[1][0].serial_number
    assert said == [[str(own), "2"]] * 4


def test_the_folder_is_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CREDENTIALS", str(tmp_path))
    assert signing.credentials_folder() == tmp_path
    monkeypatch.delenv("COURSE_CREDENTIALS")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "roaming"))
    name = "comb-face-swap-course"
    monkeypatch.setattr(sys, "platform", "linux")
    assert signing.credentials_folder() == tmp_path / "settings" / name
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(signing.pathlib.Path, "home", lambda: tmp_path)
    assert signing.credentials_folder() == tmp_path / ".config" / name
    monkeypatch.setattr(sys, "platform", "win32")
    assert signing.credentials_folder() == tmp_path / "roaming" / name
