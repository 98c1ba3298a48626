"""The speed of the data: speaking, extracting, reading at random, loading for a training."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.bench.features import bench_features
from audiomotion.bench.loading import bench_loading
from audiomotion.bench.reading import bench_reading, write_store
from audiomotion.bench.speaking import bench_speaking, write_utterances
from audiomotion.bench.timing import Measurement
from audiomotion.config.experiment import Experiment


@dataclass(frozen=True)
class BenchSize:
    """How much is measured."""

    repeats: int
    """Measurements of each part."""

    utterances: int
    """Utterances that are spoken and go through the extractor."""

    store_clips: int
    """Clips of the store that is read, 345 kB each."""

    batch_size: int
    """Clips of one training step."""

    steps: int
    """Training steps of one measurement."""

    read_clips: int = 64
    """Clips of one reading."""


FULL_GPU = BenchSize(repeats=7, utterances=512, store_clips=3000, batch_size=64, steps=20)
"""A whole shard of utterances, and a store of 1 GB."""

FULL_CPU = BenchSize(repeats=5, utterances=16, store_clips=3000, batch_size=64, steps=1)
"""The same with few utterances and steps, which take seconds each: a quarter of an hour."""

QUICK = BenchSize(repeats=5, utterances=8, store_clips=400, batch_size=16, steps=2)
"""Half a minute: for CI."""


def bench_data(
    experiment: Experiment, size: BenchSize, device: str, folder: Path
) -> Iterator[Measurement]:
    """Yield each measurement as it is made.

    Args:
        experiment: Whose speech, extractor, compressor and masked transformer are used.
        size: How much is measured.
        device: Torch device.
        folder: Where files are written, and deleted; on the disk that is to be measured.
    """
    with _scratch(folder) as scratch:
        yield bench_speaking(experiment.speech, size.utterances, size.repeats, scratch)
        spoken = write_utterances(experiment.speech, size.utterances, scratch / "spoken")
        yield bench_features(experiment.extractor, spoken, size.repeats, device, scratch)
        store = write_store(scratch / "store", size.store_clips)
        yield from bench_reading(store, size.read_clips, size.repeats)
        yield bench_loading(experiment, store, size.batch_size, size.steps, size.repeats, device)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix="bench-") as name:
        yield Path(name)
