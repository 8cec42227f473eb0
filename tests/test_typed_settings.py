"""What `--set` takes, by the kind of the parameter, and what it answers."""

import pytest
from small_notebooks import write_notebook
from typed_settings import read_settings, read_value


def test_settings_go_to_every_notebook_that_has_them(tmp_path):
    course = [
        write_notebook(tmp_path / "01_make.ipynb", "SIZE = 0"),
        write_notebook(tmp_path / "02_use.ipynb", 'SIZE = 1\nINPUT = "data/y"'),
    ]
    assert read_settings(["SIZE=3", "INPUT=data/x"], course) == {
        "01_make": {"SIZE": 3},
        "02_use": {"SIZE": 3, "INPUT": "data/x"},
    }
    with pytest.raises(ValueError, match="STEPS.*there are INPUT, SIZE"):
        read_settings(["STEPS=3"], course)
    with pytest.raises(ValueError, match="NAME=VALUE"):
        read_settings(["SIZE"], course)


@pytest.mark.parametrize(
    ("typed", "default", "value"),
    [
        ("Anna,Dora", ["Rosa"], ["Anna", "Dora"]),
        ("Anna, Dora", ["Rosa"], ["Anna", "Dora"]),
        ("Anna", ["Rosa"], ["Anna"]),
        ('["Anna", "Dora"]', ["Rosa"], ["Anna", "Dora"]),
        ("'Anna', 'Dora'", ["Rosa"], ["Anna", "Dora"]),
        ("false", True, False),
        ("None", 6, None),
        ("0.5", 6, 0.5),
        ("7", "Rosa", "7"),
        ("None", "Rosa", None),
        ("Anna", "Rosa", "Anna"),
        ("{'Anna': 'clips'}", "data/footage", {"Anna": "clips"}),
        ("3000", None, 3000),
    ],
)
def test_a_value_is_what_the_parameter_is(typed, default, value):
    assert read_value("NAME", typed, default) == value


@pytest.mark.parametrize(
    ("typed", "default", "spelling"),
    [
        ("3", ["Rosa"], "IT=Anna,Dora"),
        ("many", 1600, "IT=1600"),
        ("perhaps", True, "IT=True or False"),
        ("Anna", {}, "{'Anna'"),
    ],
)
def test_another_kind_is_answered_with_the_spelling(typed, default, spelling):
    with pytest.raises(ValueError, match="another kind") as error:
        read_value("IT", typed, default)
    assert spelling in str(error.value)
