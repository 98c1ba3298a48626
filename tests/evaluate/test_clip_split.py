import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.evaluate.clip_split import test_clips as held_out


def test_every_class_keeps_its_share_and_no_clip_is_split():
    rng = np.random.default_rng(0)
    clips = np.repeat(np.arange(200), 4)
    classes = rng.integers(5, size=800)
    held = held_out(clips, classes, 0.25, 0)
    for clip in range(200):
        assert len(set(held[clips == clip])) == 1
    shares = [held[classes == one].mean() for one in range(5)]
    assert all(abs(share - 0.25) < 0.05 for share in shares)


def test_a_class_of_a_few_clips_is_on_both_sides():
    clips = np.arange(104)
    classes = np.array([0] * 100 + [1] * 4)
    for seed in range(20):
        held = held_out(clips, classes, 0.25, seed)
        assert 0 < held[classes == 1].sum() < 4


def test_the_seed_decides():
    clips, classes = list(range(40)), [0, 1] * 20
    assert np.array_equal(held_out(clips, classes, 0.25, 3), held_out(clips, classes, 0.25, 3))
    assert not np.array_equal(held_out(clips, classes, 0.25, 3), held_out(clips, classes, 0.25, 4))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=2, max_size=60),
    st.floats(0.1, 0.5),
    st.integers(0, 5),
)
def test_some_are_held_out_and_never_a_part_of_a_clip(items, share, seed):
    clips, classes = zip(*items, strict=True)
    held = held_out(clips, classes, share, seed)
    assert held.any()
    assert all(len({held[i] for i, one in enumerate(clips) if one == clip}) == 1 for clip in clips)
