from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.evaluate.crops import draw_crops


@given(st.lists(st.integers(4, 210), min_size=1, max_size=20), st.integers(0, 999))
def test_a_crop_is_whole_tokens_inside_its_clip(num_frames, seed):
    for frames, (first, length) in zip(
        num_frames, draw_crops(num_frames, np.random.default_rng(seed)), strict=True
    ):
        assert first >= 0 and first + length <= frames
        assert length % 4 == 0
        assert length in {frames // 4 * 4, frames // 4 * 4 - 4} - {0}


def test_one_third_is_a_token_shorter_and_starts_are_even():
    crops = Counter(draw_crops([42] * 9000, np.random.default_rng(0)))
    shortened = sum(count for (_, length), count in crops.items() if length == 36)
    assert abs(shortened / 9000 - 1 / 3) < 0.02
    assert {first for first, length in crops if length == 40} == {0, 1, 2}
    starts = [crops[first, 36] for first in range(7)]
    assert sum(starts) == shortened and max(starts) < 1.25 * min(starts)
