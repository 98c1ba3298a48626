import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from audiomotion.data.ragged import Ragged, write_ragged
from audiomotion.errors import DataError


@given(
    widths=array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
    lengths=st.lists(st.integers(0, 6), max_size=5),
    data=st.data(),
)
def test_arrays_come_back_as_they_were(tmp_path_factory, widths, lengths, data):
    folder = tmp_path_factory.mktemp("ragged")
    values = st.floats(-1e3, 1e3, width=32)
    written = [data.draw(arrays(np.float32, (n, *widths), elements=values)) for n in lengths]
    write_ragged(folder, "a", written, np.float32)
    found = Ragged.open(folder, "a")
    assert len(found) == len(written)
    assert found.lengths.tolist() == lengths
    for array, original in zip(found, written, strict=True):
        assert array.dtype == np.float32
        if written:
            np.testing.assert_array_equal(array, original)


def test_half_precision_keeps_three_digits_and_refuses_what_it_cannot_hold(tmp_path):
    values = np.linspace(-10, 10, 50)[:, None]
    write_ragged(tmp_path, "a", [values], np.float16)
    np.testing.assert_allclose(Ragged.open(tmp_path, "a")[0], values, rtol=1e-3)
    for bad in (7e4, np.nan, np.inf):
        with pytest.raises(DataError, match=r"a\[1\].*not finite as float16"):
            write_ragged(tmp_path, "a", [values, np.array([[bad]])], np.float16)


def test_a_token_that_does_not_fit_is_refused(tmp_path):
    write_ragged(tmp_path, "a", [np.array([32767])], np.int16)
    with pytest.raises(DataError, match=r"a\[0\].*int16 cannot hold"):
        write_ragged(tmp_path, "a", [np.array([32768])], np.int16)


def test_rows_are_a_view_of_the_file_and_read_only(tmp_path):
    write_ragged(tmp_path, "a", [np.ones((2, 3)), np.zeros((4, 3))], np.float32)
    found = Ragged.open(tmp_path, "a")
    assert found.rows.shape == (6, 3)
    assert not found[0].flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        found[0][0, 0] = 5


def test_there_is_no_array_beyond_the_last(tmp_path):
    write_ragged(tmp_path, "a", [np.ones(2)], np.float32)
    found = Ragged.open(tmp_path, "a")
    for index in (1, -1):
        with pytest.raises(IndexError):
            found[index]


def test_two_widths_in_one_file_are_our_mistake(tmp_path):
    with pytest.raises(AssertionError):
        write_ragged(tmp_path, "a", [np.ones((1, 2)), np.ones((1, 3))], np.float32)


@pytest.mark.parametrize("name", ["a.bin", "a.npz"])
def test_a_missing_file_is_named(tmp_path, name):
    write_ragged(tmp_path, "a", [np.ones(2)], np.float32)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=f"{name} is missing"):
        Ragged.open(tmp_path, "a")


@pytest.mark.parametrize("size", [0, 1, 39])
def test_a_shortened_file_is_refused(tmp_path, size):
    write_ragged(tmp_path, "a", [np.ones(10)], np.float32)
    (tmp_path / "a.bin").write_bytes(bytes(size))
    with pytest.raises(DataError, match=f"has {size} bytes instead of 40"):
        Ragged.open(tmp_path, "a")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_shortened_index_is_refused(tmp_path, share):
    write_ragged(tmp_path, "a", [np.ones(10)], np.float32)
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"a.npz is damaged"):
        Ragged.open(tmp_path, "a")
