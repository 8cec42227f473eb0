"""Names of identities: what any disk can have, in any alphabet."""

import unicodedata

import pytest

from helpers.files import names

GOOD = (
    "Rosa",
    "Anna Example",
    "O'Neill, jr. (2)",
    "Ælfgifu_3",
    "Дмитрий",
    "山田太郎",
    "आन्या",
    "محمد",
    "สมชาย",
    "👩‍🚀 Ada",
    "0",
    "ConAir",
    unicodedata.normalize("NFD", "Zoë"),
    "a" * 200,
)
BAD = (
    "",
    None,
    7,
    " Rosa",
    "Rosa ",
    "Rosa.",
    ".Rosa",
    "..",
    "-rf",
    "a/b",
    "a\\b",
    "C:",
    "a\nb",
    "a\x00b",
    "a\u202eb",
    "a\u2028b",
    "what?",
    "CON",
    "nul.txt",
    "com1",
    "a" * 201,
    "人" * 70,
    "a\udc80",
)


@pytest.mark.parametrize("name", GOOD)
def test_names_of_any_alphabet_are_names(name):
    names.check_name(name)


@pytest.mark.parametrize("name", BAD)
def test_what_some_disk_cannot_have_is_refused_with_advice(name):
    with pytest.raises(ValueError, match="Rename its folder"):
        names.check_name(name)


@pytest.mark.parametrize(
    "pair", [("rosa", "Rosa"), ("Zo\u00eb", "Zoe\u0308"), ("ß", "SS")]
)
def test_names_that_are_one_folder_on_some_disks_are_refused(pair):
    with pytest.raises(ValueError, match="Rename one"):
        names.check_apart(pair)
    names.check_apart(["Rosa", "Rosaria"])


@pytest.mark.parametrize(
    "identities, person, words",
    [
        ("Ann", {}, "a list of names"),
        ([], {}, "at least two"),
        (["Ann", "Ann"], {}, "at least two"),
        (["Ann", "a/b"], {}, "a/b"),
        (["Ann", "Ben"], {"Anna": [0]}, "Anna.*as in IDENTITIES"),
        (["Ann", "Ben"], [0, 3], "PERSON should be"),
    ],
)
def test_a_slip_in_the_names_is_said_before_any_work(identities, person, words):
    names.check_identities(["Ann", "Ben"], {"Ben": 1})
    with pytest.raises(ValueError, match=words):
        names.check_identities(identities, person)


@pytest.mark.parametrize(
    "text, safe",
    [
        ("Rosa", "Rosa"),
        ('a/b: "c"?', "a_b_ _c__"),
        (".hidden. ", "hidden"),
        ("CON", "_CON"),
        ("", "_"),
        ("...", "_"),
        ("x\u202ey", "x_y"),
        ("bad \udcff", "bad _"),
        ("ü" * 200, "ü" * 100),
    ],
)
def test_any_text_becomes_a_name_that_every_disk_takes(text, safe):
    assert names.safe_stem(text) == safe
    assert len(names.safe_stem(text, 20).encode()) <= 20
