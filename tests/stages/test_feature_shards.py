from pathlib import Path

import numpy as np
import pytest

from audiomotion.errors import ModelError
from audiomotion.stages.feature_shards import check_half_precision

FILE = Path("audio/000123.wav")


@pytest.mark.parametrize("value", [65_504.0, -65_504.0, 0.0])
def test_what_half_precision_holds_passes(value):
    check_half_precision(np.full((3, 4), value, dtype=np.float32), "wavlm", FILE)
    check_half_precision(np.zeros((0, 4), dtype=np.float32), "wavlm", FILE)


@pytest.mark.parametrize(
    ("value", "named"),
    [(65_505.0, "65505"), (-70_000.0, "70000"), (np.inf, "inf"), (np.nan, "nan")],
)
def test_what_it_would_make_infinite_is_refused(value, named):
    frames = np.ones((3, 4), dtype=np.float32)
    frames[1, 2] = value
    message = rf"'wavlm' gave a value of magnitude {named} for .*000123\.wav.*65504"
    with pytest.raises(ModelError, match=message):
        check_half_precision(frames, "wavlm", FILE)
