from pathlib import Path

import numpy as np
import pytest

from audiomotion.bench.data import BenchSize, bench_data
from audiomotion.bench.reading import _Reader, write_store
from audiomotion.config.resolve import resolve
from audiomotion.data.ragged import Ragged

TINY = Path(__file__).parents[1] / "cli" / "tiny.yaml"
SMALL = BenchSize(repeats=5, utterances=3, store_clips=40, batch_size=4, steps=1, read_clips=8)


def test_every_part_is_measured_and_nothing_is_left(tmp_path: Path) -> None:
    (arm,) = resolve(str(TINY))
    found = list(bench_data(arm.experiment, SMALL, "cpu", tmp_path))
    assert [(row.unit, row.target) for row in found] == [
        ("utterances", None),
        ("frames", 0.9),
        ("MB", 0.7),
        ("MB", 0.7),
        ("steps", 0.95),
    ]
    for row in found:
        assert 0 < row.rate.low <= row.rate.median <= row.rate.high
        if row.target is not None:
            assert row.ratio is not None
            assert row.ratio.low > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("num_clips", [40, 600])
def test_both_ways_of_reading_give_the_same_bytes(tmp_path: Path, num_clips: int) -> None:
    store = write_store(tmp_path / "store", num_clips)
    reader = _Reader(store, 8)
    for clip in range(0, num_clips, 7):
        ours = np.array(Ragged.open(store, "features")[clip])
        assert reader._pread(clip).tobytes() == ours.tobytes()
    reader.from_disk()
    first = reader._clips
    reader.from_disk()
    assert np.array_equal(reader._clips, first)  # both ways read the same clips
    assert reader.ours() == reader.theirs() > 0
    reader.close()
