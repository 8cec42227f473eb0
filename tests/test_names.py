"""Names of identities: what any disk can have, in any alphabet."""

import unicodedata

import pytest

from helpers.files import asides, manifests, names

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


@pytest.mark.parametrize("letter", ["a", "é", "人", "🙂"])
def test_a_name_as_long_as_can_be_takes_an_ending(tmp_path, letter):
    size = len(letter.encode())
    name = letter * ((names.LONGEST - 4) // size)
    path = tmp_path / f"{name}.png"
    manifests.write_text(path, "first")
    assert path.read_text(encoding="utf-8") == "first"
    assert asides.set_aside(path).read_text() == "first"
    manifests.write_text(path, "second")
    asides.set_aside(path)
    assert len(list(tmp_path.iterdir())) == 2
    other = names.longer_name(name[:-1] + "b", ".unfinished")
    assert names.longer_name(name, ".unfinished") != other
    assert len(other.encode()) <= names.LONGEST
    assert names.longer_name("short", ".json") == "short.json"


def test_a_folder_is_found_however_its_accents_are_written(tmp_path):
    name = "Jose\u0301 Mu\u0308ller"
    for form in ("NFC", "NFD"):
        home = tmp_path / form
        there = home / unicodedata.normalize(form, name) / "a.txt"
        there.parent.mkdir(parents=True)
        there.write_text("x")
        for typed in ("NFC", "NFD"):
            path = home / unicodedata.normalize(typed, name) / "a.txt"
            assert names.path_on_disk(path).read_text() == "x"
        assert names.path_on_disk(home / "Jose") == home / "Jose"
