"""People who do not exist: names and seeds in, film with its truth out.

A name is fetched from its module when it is asked for: who only renders needs
no library that reads or writes video.
"""

import importlib

_DOOR = {
    "crowd_film": (
        "CrowdCrops",
        "render_crowd",
        "sample_casts",
        "sample_crowd_frames",
    ),
    "filming": ("film_people", "film_person"),
    "footage": ("write_footage", "write_take"),
    "frame": ("EXPRESSION_PARAMETERS", "EXPRESSION_RANGES", "FRAME_DEFAULTS"),
    "holes": ("HOLES", "film_more", "is_so", "rows_with", "rows_without"),
    "identity": (
        "IDENTITY_DEFAULTS",
        "identity_parameters",
        "true_swap_identity",
    ),
    "motion": ("sample_take",),
    "people": ("NAMED_PEOPLE",),
    "person": ("Person",),
    "random_people": ("random_identity",),
    "rendering": ("render",),
}
_MODULES = {name: module for module, names in _DOOR.items() for name in names}
__all__ = list(_MODULES)


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    return getattr(module, name)
