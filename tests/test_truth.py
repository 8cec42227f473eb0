"""What lies beside a rendered clip: what is of no use is named."""

import pytest
from footage import write_footage

from helpers.faces import takes
from helpers.footage import media


@pytest.fixture
def footage(tmp_path):
    return write_footage(tmp_path / "footage")


@pytest.mark.parametrize(
    "text", ["{", '{"split": "train"}', '{"split": "x", "frames": [{}]}', "[]"]
)
def test_a_broken_truth_is_named_with_what_to_do(footage, text):
    (footage / "train_000.truth.json").write_text(text)
    plans, _, _ = takes.plan_files(footage, 1)
    with pytest.raises(media.MediaError, match="train_000.*Delete the clip"):
        next(takes.read_items(footage, plans[1]))
