"""A store of the paper's size (87,384 utterances, 30 GB), on files that are almost all holes."""

import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from audiomotion.data.ragged import Ragged, _Index

NUM_ARRAYS, ARRAYS_A_FILE, WIDTH = 87_384, 512, 768
MEAN_FRAMES = 225  # 4.5 s at 50 Hz

PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from audiomotion.data.ragged import Ragged

def of_process(path, name):
    lines = Path(path).read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])

def resident():
    return of_process("/proc/self/status", "VmRSS") / 1024

def read():
    return of_process("/proc/self/io", "rchar") / 1e6

before_read, before = read(), resident()
ragged = Ragged.open(Path(sys.argv[1]), "features")
opened_read, opened = read() - before_read, resident() - before
rng = np.random.default_rng(0)
total, peak = 0, 0.0
for _ in range(60):
    for index in rng.choice(len(ragged), 64, replace=False):
        total += ragged[int(index)].nbytes
    peak = max(peak, resident() - before)
print(opened_read, opened, peak, total / 1e6)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    lengths = np.random.default_rng(1).integers(75, 2 * MEAN_FRAMES - 74, NUM_ARRAYS)
    firsts = range(0, NUM_ARRAYS, ARRAYS_A_FILE)
    groups = [lengths[first : first + ARRAYS_A_FILE] for first in firsts]
    zeros = {n: zlib.crc32(bytes(int(n) * WIDTH * 2)) for n in np.unique(lengths)}
    _Index(
        files=np.array([f"features-{number:05d}.bin" for number in range(len(groups))]),
        counts=np.array([len(group) for group in groups]),
        starts=np.concatenate([np.cumsum([0, *group[:-1]]) for group in groups]),
        lengths=lengths,
        checksums=np.array([zeros[n] for n in lengths], np.uint32),
        row_shape=np.array([WIDTH]),
        dtype=np.array("<f2"),
    ).save(folder / "features.npz")
    for number, group in enumerate(groups):
        with (folder / f"features-{number:05d}.bin").open("wb") as file:
            try:
                file.truncate(int(group.sum()) * WIDTH * 2)
            except OSError as error:  # pragma: no cover
                pytest.skip(f"this file system has no files with holes: {error}")
    return folder


def test_it_has_the_size_of_the_paper(store: Path) -> None:
    sizes = [path.stat().st_size for path in store.glob("*.bin")]
    assert sum(sizes) == pytest.approx(30e9, rel=0.02)
    assert len(sizes) == 171
    assert sum(path.stat().st_blocks for path in store.glob("*.bin")) == 0


def test_opening_reads_the_index_only_and_memory_stays_flat(store: Path) -> None:
    """Figures are of a process of its own, in MB; it reads 1.3 GB of the store."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(store)], capture_output=True, text=True, check=True
    )
    opened_read, opened, peak, total = map(float, done.stdout.split())
    assert 1 < opened_read < 4  # the index has 1.8 MB
    assert opened < 30
    assert total > 1200
    assert peak < 256 + 60  # what is let go, and this process's own


def test_any_array_can_be_read(store: Path) -> None:
    found = Ragged.open(store, "features")
    assert len(found) == NUM_ARRAYS
    assert found.num_bytes == pytest.approx(30e9, rel=0.02)
    for index in (0, 511, 512, 50_000, NUM_ARRAYS - 1):
        assert found[index].shape == (found.lengths[index], WIDTH)
        assert not found[index].any()
