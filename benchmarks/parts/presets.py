"""The name of a size -> a network, batches and steps that go with a machine.

| name       | pixels | made for                                       |
|------------|--------|------------------------------------------------|
| `tiny`     |     16 | tests: seconds on anything                     |
| `laptop`   |     64 | the course's default, two cores and no GPU     |
| `workshop` |    128 | one GPU                                        |
| `studio`   |    256 | one GPU; 512 pixels by one more width, batch   |
|            |        | size and resolution                            |
| `paper`    |   1024 | combModel's widths, on a large GPU             |

The last three have not been trained on a GPU yet; `python -m benchmarks.gpu`
is ready to train all but `paper` on one. `python -m benchmarks.training
--presets` measures a step of these with small batches on a processor;
`helpers.training.estimate` says what a training takes here before it begins.
"""

import copy

from helpers import comb, growth
from helpers.encoder_decoder import LATENT_DIM, WIDTHS, level_of

# `batch_sizes`: crops a step, of each identity, one number a level from 4
# pixels up. `steps`: in all levels together.
PRESETS = {
    "tiny": {
        "network": {
            "resolution": 16,
            "widths": (8, 8, 8),
            "latent_dim": 8,
            "shared_levels": 1,
        },
        "batch_sizes": (8, 8, 4),
        "steps": 12,
        "precision": "float32",
    },
    "laptop": {
        "network": {
            "resolution": 64,
            "widths": WIDTHS[:5],
            "latent_dim": LATENT_DIM,
            "shared_levels": comb.SHARED_LEVELS,
        },
        "batch_sizes": (32, 32, 32, 32, 32),
        "steps": 6000,
        "precision": "float32",
    },
    "workshop": {
        "network": {
            "resolution": 128,
            "widths": (256, 256, 128, 64, 32, 32),
            "latent_dim": 256,
            "shared_levels": 2,
        },
        "batch_sizes": (64, 64, 64, 64, 32, 32),
        "steps": 60000,
        "precision": "mixed_bfloat16",
    },
    "studio": {
        "network": {
            "resolution": 256,
            "widths": (512, 512, 256, 256, 128, 64, 32),
            "latent_dim": 512,
            "shared_levels": 2,
        },
        "batch_sizes": (64, 64, 64, 64, 32, 32, 16),
        "steps": 150000,
        "precision": "mixed_bfloat16",
    },
    "paper": {
        "network": {
            "resolution": 1024,
            # combModel's: what its encoder's levels take in
            "widths": (512, 512, 512, 512, 256, 128, 64, 32, 16),
            "latent_dim": 512,
            "shared_levels": 2,
        },
        # Karras et al., 2018, go down to 4 at 512 pixels
        "batch_sizes": (64, 64, 64, 32, 32, 16, 8, 4, 2),
        "steps": 400000,
        "precision": "mixed_bfloat16",
    },
}


def read_preset(name):
    """A preset to use as it is, or to change before use.

    Args:
        name: str. One of `PRESETS`.

    Returns:
        dict with `network` (options of `comb.build_comb()`), `batch_sizes`
        (one a level), `steps` and `precision` (for
        `keras.config.set_dtype_policy()`, before the network is built).

    Raises:
        ValueError: if there is no preset of this name.
    """
    if name not in PRESETS:
        raise ValueError(
            f"The presets are {', '.join(PRESETS)}. Received: name={name!r}"
        )
    return copy.deepcopy(PRESETS[name])


def preset_schedule(preset, first_level=0):
    """Stages that grow a preset's network, each with its level's batch size.

    Args:
        preset: dict from `read_preset()`.
        first_level: int. Level to begin at.

    Returns:
        list of stages, as from `growth.growth_schedule()`.

    Raises:
        ValueError: if there is not one batch size a level.
    """
    top = level_of(preset["network"]["resolution"])
    sizes = preset["batch_sizes"]
    if len(sizes) != top + 1:
        raise ValueError(
            f"{top + 1} levels take as many batch sizes. "
            f"Received: batch_sizes={sizes!r}"
        )
    stages = growth.growth_schedule(top, preset["steps"], first_level)
    return [{**s, "batch_size": sizes[s["level"]]} for s in stages]
