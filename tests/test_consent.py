"""Consent: stated beside the footage, kept with the faces."""

import pytest

from helpers.footage import consent, listing

STATED = {
    "who": 'Anna "Ann" Example',
    "origin": "filmed by us, C:\\clips, 3 May 2026",
    "consent": "schriftlich, für den Unterricht",
}


def test_what_was_stated_is_read_back(tmp_path):
    consent.write_consent(tmp_path / "anna", *STATED.values())
    assert consent.read_consent(tmp_path / "anna") == STATED


def test_a_file_written_by_hand_is_read(tmp_path):
    text = 'who = "Anna"\n# a comment\norigin = "a phone"\nconsent = "yes"\n'
    (tmp_path / consent.FILE).write_text(text, encoding="utf-8")
    assert consent.read_consent(tmp_path)["origin"] == "a phone"


def test_nothing_stated_is_said_plainly(tmp_path):
    entries = consent.read_consent(tmp_path)
    assert set(entries.values()) == {"not stated"}
    assert "consent.toml" in consent.consent_line("Anna", entries)
    assert "consent.toml" not in consent.consent_line("Anna", STATED)


@pytest.mark.parametrize(
    "text",
    [
        "who = Anna",
        'who = "Anna"',
        'who = "Anna"\norigin = " "\nconsent = "yes"',
        'who = "Anna"\norigin = 3\nconsent = "yes"',
        'who = "Anna"\norigin = "a"\nconsent = "b"\nconsnet = "c"',
    ],
)
def test_a_file_that_says_too_little_is_refused(tmp_path, text):
    (tmp_path / consent.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="state who, origin, consent"):
        consent.read_consent(tmp_path)


def test_the_file_is_no_footage(tmp_path):
    consent.write_consent(tmp_path, *STATED.values())
    (tmp_path / "anna.jpg").write_bytes(b"")
    photos, _, others = listing.list_media(tmp_path)
    assert len(photos) == 1 and not others
