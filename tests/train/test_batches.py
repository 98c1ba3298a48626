import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.train.batches import batch_indices


def epoch(lengths, batch_size, number=0, seed=0):
    """Return the batches of one epoch."""
    num_batches = max(1, len(lengths) // batch_size)
    steps = range(number * num_batches, (number + 1) * num_batches)
    return [batch_indices(step, lengths, batch_size, seed) for step in steps]


@given(st.integers(1, 60), st.integers(1, 16), st.integers(0, 3), st.integers(0, 5))
def test_an_epoch_passes_over_every_example_once(num_examples, batch_size, number, seed):
    lengths = np.arange(num_examples) % 7
    batches = epoch(lengths, batch_size, number, seed)
    seen = np.concatenate(batches)
    assert len(set(seen.tolist())) == len(seen)
    whole = num_examples // batch_size * batch_size
    assert len(seen) == (whole or num_examples)
    assert {len(batch) for batch in batches} == {min(batch_size, num_examples)}


def test_what_an_incomplete_batch_drops_is_not_a_matter_of_length():
    lengths = np.arange(40)
    seen = {int(row) for number in range(30) for row in np.concatenate(epoch(lengths, 16, number))}
    assert seen == set(range(40))


def test_epochs_and_seeds_differ_and_a_step_is_always_the_same():
    lengths = np.arange(64)
    first = np.concatenate(epoch(lengths, 8))
    assert not np.array_equal(first, np.concatenate(epoch(lengths, 8, number=1)))
    assert not np.array_equal(first, np.concatenate(epoch(lengths, 8, seed=1)))
    np.testing.assert_array_equal(first, np.concatenate(epoch(lengths, 8)))


def test_a_batch_holds_examples_of_like_length():
    lengths = np.random.default_rng(0).integers(40, 200, 512)
    spreads = [np.ptp(lengths[batch]) for batch in epoch(lengths, 16)]
    assert np.median(spreads) < 40


def test_batches_of_an_epoch_do_not_come_in_the_order_of_length():
    lengths = np.arange(128)
    means = [lengths[batch].mean() for batch in epoch(lengths, 16)]
    assert means != sorted(means)
