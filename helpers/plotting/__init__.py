"""Pictures of what the course knows: the only user of matplotlib."""

from helpers.plotting.comb_drawing import STAGES, plot_comb, plot_stages
from helpers.plotting.curves import plot_clip_report, plot_losses, plot_scores
from helpers.plotting.drawing import (
    PALE,
    PALETTE,
    as_uint8,
    encode_figure,
    identity_colors,
    save_figure,
    value_colors,
)
from helpers.plotting.face_pictures import (
    plot_face_sets,
    plot_left_out,
    plot_people,
)
from helpers.plotting.footage_pictures import plot_footage_report
from helpers.plotting.growth_film import (
    plot_growth,
    show_film,
    write_growth_film,
)
from helpers.plotting.latent_plots import (
    plot_gaps,
    plot_latent_map,
    plot_maps,
)
from helpers.plotting.sheets import (
    plot_card,
    plot_contact_sheet,
    plot_preview,
    plot_swap_matrix,
)

__all__ = [
    "PALE",
    "PALETTE",
    "STAGES",
    "as_uint8",
    "encode_figure",
    "identity_colors",
    "plot_card",
    "plot_clip_report",
    "plot_comb",
    "plot_contact_sheet",
    "plot_face_sets",
    "plot_footage_report",
    "plot_gaps",
    "plot_growth",
    "plot_latent_map",
    "plot_left_out",
    "plot_losses",
    "plot_maps",
    "plot_people",
    "plot_preview",
    "plot_scores",
    "plot_stages",
    "plot_swap_matrix",
    "save_figure",
    "show_film",
    "value_colors",
    "write_growth_film",
]
