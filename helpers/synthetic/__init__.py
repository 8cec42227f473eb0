"""People who do not exist: names and seeds in, film with its truth out."""

from helpers.synthetic.crowd_film import (
    CrowdCrops,
    render_crowd,
    sample_casts,
    sample_crowd_frames,
)
from helpers.synthetic.filming import film_people, film_person
from helpers.synthetic.footage import write_footage, write_take
from helpers.synthetic.frame import (
    EXPRESSION_PARAMETERS,
    EXPRESSION_RANGES,
    FRAME_DEFAULTS,
)
from helpers.synthetic.holes import (
    HOLES,
    film_more,
    is_so,
    rows_with,
    rows_without,
)
from helpers.synthetic.identity import (
    IDENTITY_DEFAULTS,
    identity_parameters,
    true_swap_identity,
)
from helpers.synthetic.motion import sample_take
from helpers.synthetic.people import NAMED_PEOPLE
from helpers.synthetic.person import Person
from helpers.synthetic.random_people import random_identity
from helpers.synthetic.rendering import render

__all__ = [
    "EXPRESSION_PARAMETERS",
    "EXPRESSION_RANGES",
    "FRAME_DEFAULTS",
    "HOLES",
    "IDENTITY_DEFAULTS",
    "NAMED_PEOPLE",
    "Person",
    "film_more",
    "film_people",
    "film_person",
    "identity_parameters",
    "is_so",
    "random_identity",
    "render",
    "CrowdCrops",
    "render_crowd",
    "rows_with",
    "rows_without",
    "sample_casts",
    "sample_crowd_frames",
    "sample_take",
    "true_swap_identity",
    "write_footage",
    "write_take",
]
