import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from audiomotion.seeds import derive_seed

PARTS = st.lists(st.integers() | st.text(max_size=5), min_size=1, max_size=4)


@given(PARTS)
def test_a_seed_fits_every_generator(parts):
    assert 0 <= derive_seed(*parts) < 2**63


@given(PARTS, PARTS)
def test_different_parts_give_different_seeds(first, second):
    assert (derive_seed(*first) == derive_seed(*second)) == (first == second)


def test_neighbours_and_kinds_are_told_apart():
    seeds = {
        derive_seed(*parts) for parts in [(1, 2), (12,), ("1", 2), (1, "2"), (2, 1), (1, 2, "")]
    }
    assert len(seeds) == 6


def test_a_seed_is_the_same_in_every_process():
    code = "from audiomotion.seeds import derive_seed; print(derive_seed(7, 'step', 3))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == derive_seed(7, "step", 3) == 6010610951354993229
