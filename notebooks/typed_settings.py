"""What `--set` says: parameters of the notebooks, typed on a terminal."""

import ast

import form


def read_settings(texts, notebooks):
    """`["STEPS=200"]` as overrides of every notebook with that parameter.

    A bare word is a text (`SOURCE=Anna`), several with commas are a list
    where the notebook has one (`IDENTITIES=Anna,Dora`).

    Args:
        texts: list of str, each `NAME=VALUE`.
        notebooks: list of paths.

    Returns:
        dict `{stem: {parameter: value}}`.

    Raises:
        ValueError: if no notebook has the parameter, or it takes another
            kind of value; with the right spelling.
    """
    defaults = {
        path.stem: form.read_parameters(form.read_notebook(path))
        for path in notebooks
    }
    overrides = {}
    for text in texts:
        name, sign, typed = text.partition("=")
        if not sign:
            raise ValueError(f"--set takes NAME=VALUE. Received: {text!r}")
        owners = [stem for stem, known in defaults.items() if name in known]
        if not owners:
            names = sorted({n for known in defaults.values() for n in known})
            raise ValueError(
                f"No chosen notebook has the parameter {name}. Received: "
                f"--set {text}; there are {', '.join(names)}."
            )
        for stem in owners:
            value = read_value(name, typed, defaults[stem][name])
            overrides.setdefault(stem, {})[name] = value
    return overrides


def read_value(name, typed, default):
    """A parameter's value as it was typed.

    Args:
        name: str.
        typed: str.
        default: the value that the notebook has, which says the kind.

    Returns:
        the value.

    Raises:
        ValueError: if it is of another kind, with the right spelling.
    """
    words = [word.strip() for word in typed.split(",")]
    try:
        value = ast.literal_eval(typed)
    except (ValueError, SyntaxError):
        value = {"true": True, "false": False}.get(typed.lower(), typed)
    if isinstance(default, list):
        value = words if isinstance(value, str) else value
        value = list(value) if isinstance(value, tuple) else value
        return _checked(name, typed, value, list, "Anna,Dora")
    if isinstance(default, bool):
        return _checked(name, typed, value, bool, "True or False")
    if isinstance(default, int | float):
        # None is no limit, where a parameter may have one
        kinds = (int, float, type(None))
        return _checked(name, typed, value, kinds, str(default))
    if isinstance(default, dict):
        return _checked(name, typed, value, dict, "\"{'Anna': [0, 3]}\"")
    if isinstance(default, str):
        # a name may look like a number
        return str(value) if isinstance(value, int | float) else value
    return value


def _checked(name, typed, value, kinds, example):
    if isinstance(value, kinds):
        return value
    raise ValueError(
        f"{name} is another kind of value. Expected: --set {name}={example}. "
        f"Received: --set {name}={typed}"
    )
