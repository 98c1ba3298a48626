import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from audiomotion.data import ragged
from audiomotion.data.ragged import Ragged, RaggedWriter, join_ragged, write_ragged
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


def test_an_array_is_a_view_of_the_file_and_read_only(tmp_path):
    write_ragged(tmp_path, "a", [np.ones((2, 3)), np.zeros((4, 3))], np.float32)
    found = Ragged.open(tmp_path, "a")
    assert [array.shape for array in found] == [(2, 3), (4, 3)]
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


def test_arrays_may_be_written_in_any_order(tmp_path):
    with RaggedWriter(tmp_path, "a", np.int16) as writer:
        for place in (2, 0, 1):
            writer.add(place, np.full(place + 1, place))
    found = Ragged.open(tmp_path, "a")
    assert [array.tolist() for array in found] == [[0], [1, 1], [2, 2, 2]]


def test_what_was_left_by_an_error_has_no_index(tmp_path):
    with pytest.raises(DataError), RaggedWriter(tmp_path, "a", np.int16) as writer:
        writer.add(0, np.array([1]))
        writer.add(1, np.array([40_000]))
    with pytest.raises(DataError, match=r"a\.npz is missing"):
        Ragged.open(tmp_path, "a")


def joined(folder, *shards):
    """Write each list of lengths as a shard of rising numbers, and join the shards in `folder`."""
    folders, first = [], 0
    for number, lengths in enumerate(shards):
        folders.append(folder / str(number))
        folders[-1].mkdir()
        ends = np.cumsum([first, *lengths])
        arrays = [np.arange(a, b) for a, b in itertools.pairwise(ends.tolist())]
        write_ragged(folders[-1], "a", arrays, np.int32)
        first = int(ends[-1])
    join_ragged(folders, folder, "a")
    return folders


@given(shards=st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=3), min_size=1, max_size=4))
def test_several_shards_read_as_one(tmp_path_factory, shards):
    folder = tmp_path_factory.mktemp("shards")
    joined(folder, *shards)
    found = Ragged.open(folder, "a")
    lengths = list(itertools.chain.from_iterable(shards))
    assert found.lengths.tolist() == lengths
    assert np.concatenate(list(found)).tolist() == list(range(sum(lengths)))


def test_joining_copies_nothing_and_leaves_the_shards(tmp_path):
    folders = joined(tmp_path, [3, 2], [4])
    for number, shard in enumerate(folders):
        assert (shard / "a.bin").samefile(tmp_path / f"a-{number:05d}.bin")
        assert len(Ragged.open(shard, "a")) == 2 - number


@pytest.mark.parametrize("change", ["missing", "short"])
def test_a_damaged_shard_is_named_on_opening(tmp_path, change):
    joined(tmp_path, [3, 2], [4])
    path = tmp_path / "a-00001.bin"
    if change == "short":
        path.write_bytes(bytes(15))
    else:
        path.unlink()
    with pytest.raises(DataError, match=r"a-00001\.bin (is missing|has 15 bytes instead of 16)"):
        Ragged.open(tmp_path, "a")


def test_a_changed_array_is_seen_at_its_first_touch_and_no_other(tmp_path):
    joined(tmp_path, [3, 2], [4, 1])
    path = tmp_path / "a-00001.bin"
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    found = Ragged.open(tmp_path, "a")
    assert [found[index].size for index in (0, 1, 3)] == [3, 2, 1]
    for _ in range(2):
        with pytest.raises(DataError, match=r"a-00001\.bin: array 2 has changed .* run again"):
            found[2]


def test_views_stay_good_when_pages_are_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(ragged, "_RESIDENT_BYTES", 40)
    joined(tmp_path, [3, 2], [4, 9])
    found = Ragged.open(tmp_path, "a")
    views = [found[index] for index in (0, 1, 2, 3) * 3]
    found.read_ahead([0, 3])
    assert np.concatenate(views).tolist() == list(range(18)) * 3
