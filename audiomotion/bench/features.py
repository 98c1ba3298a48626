"""The stage `features` against the bare encoder."""

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.bench.timing import Measurement, Timed, compare
from audiomotion.config.extractors import ExtractorSchema
from audiomotion.data.utterances import Utterances
from audiomotion.extract.base import SAMPLE_HZ, build_extractor
from audiomotion.speech.wav import read_wav
from audiomotion.stages.base import Stage, StageContext
from audiomotion.stages.graph import FEATURES

_TARGET = 0.9


def bench_features(
    config: ExtractorSchema, spoken: Path, repeats: int, device: str, scratch: Path
) -> Measurement:
    """Time a shard, from audio files to a synced file of half precision, in frames a second.

    It is held against the encoder alone: the same number of waveforms, all of the mean length, in
    memory, so that nothing is read, filled up, checked or written.
    """
    records = Utterances(spoken).records
    mean_samples = round(SAMPLE_HZ * sum(record.seconds for record in records) / len(records))
    audio = [read_wav(spoken / record.file)[0] for record in records]
    alike = [_of_length(waveform, mean_samples) for waveform in audio]
    extractor = build_extractor(config, device)
    shard = scratch / "shard"
    stage = Stage(FEATURES, config)
    context = _context(spoken, scratch, device)

    def prepare() -> None:
        shutil.rmtree(shard, ignore_errors=True)
        shard.mkdir()

    with stage.sharded_work(context).set_up() as make:
        return compare(
            Timed(f"features ({config.name})", lambda: make(0, shard)["frames"], prepare),
            Timed("bare encoder", lambda: sum(map(len, extractor.extract(alike)))),
            "frames",
            repeats,
            _TARGET,
        )


def _of_length(waveform: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    return np.resize(waveform, samples)  # repeated where it is too short


def _context(spoken: Path, scratch: Path, device: str) -> StageContext:
    return StageContext(
        inputs={"speak": spoken},
        output=scratch,
        scratch=scratch,
        cache=scratch,
        report=lambda step, total, values: None,
        device=device,
    )
