"""Stage `features`: WAV files to the frozen encoder's frames, ragged, half precision."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.ragged import Ragged, write_ragged
from audiomotion.data.utterances import Utterances
from audiomotion.errors import DataError, ModelError
from audiomotion.extract.base import Extractor, build_extractor
from audiomotion.files import write_json
from audiomotion.speech.wav import read_wav
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import FeaturesStage
from audiomotion.stages.results import FEATURES

_UTTERANCES_A_SHARD = 512
_UTTERANCES_A_BATCH = 32
_LARGEST_HALF = float(np.finfo(np.float16).max)


def extract_features(stage: FeaturesStage, context: StageContext) -> None:
    """Write the features, row i for instruction i, and a record of the weights they come from.

    Finished shards stay in the scratch folder, so a killed run continues with the next one.
    """
    utterances = Utterances(context.inputs["speak"])
    files = [utterances.folder / record.file for record in utterances.records]
    extractor = build_extractor(stage.config, context.device)
    starts = range(0, len(files), _UTTERANCES_A_SHARD)
    for start in starts:
        shard = files[start : start + _UTTERANCES_A_SHARD]
        _write_shard(extractor, shard, context.scratch, f"shard-{start:07d}", stage.config.name)
        context.report(min(start + len(shard), len(files)), len(files), {})
    rows = (row for start in starts for row in Ragged.open(context.scratch, f"shard-{start:07d}"))
    write_ragged(context.output, "features", rows, np.float16)
    record = {
        "weights": stage.config.weights_label,
        "frame_hz": extractor.frame_hz,
        "feature_dim": extractor.feature_dim,
        "num_layers": 1,
    }
    write_json(context.output / FEATURES, record)


def _write_shard(
    extractor: Extractor, files: list[Path], folder: Path, name: str, part: str
) -> None:
    if not _is_whole(folder, name):
        rows = _extract(extractor, files)
        for file, frames in zip(files, rows, strict=True):
            check_half_precision(frames, part, file)
        write_ragged(folder, name, rows, np.float16)


def check_half_precision(frames: NDArray[np.float32], part: str, file: Path) -> None:
    """Refuse what half precision would store as infinite.

    Args:
        frames: Features `(L, F)` of one utterance.
        part: Name of the extractor that gave them.
        file: The utterance's audio.

    Raises:
        ModelError: A value is beyond 65,504, or is not a number.
    """
    peak = float(np.max(np.abs(frames), initial=0.0))
    if not peak <= _LARGEST_HALF:
        raise ModelError(
            f"extractor {part!r} gave a value of magnitude {peak:g} for {file}; features are "
            "stored in half precision, which ends at 65504: listen to that file, else choose "
            "other weights, another layer or precision float32"
        )


def _is_whole(folder: Path, name: str) -> bool:
    """Return whether a shard was written to its end: its offsets come last and give its size."""
    try:
        Ragged.open(folder, name)
    except DataError:
        return False
    return True


def _extract(extractor: Extractor, files: list[Path]) -> list[NDArray[np.float32]]:
    """Return the features of each file; files of like length go through together."""
    waveforms = [read_wav(path)[0] for path in files]
    order = sorted(range(len(files)), key=lambda index: len(waveforms[index]))
    features: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(order), _UTTERANCES_A_BATCH):
        batch = order[start : start + _UTTERANCES_A_BATCH]
        rows = extractor.extract([waveforms[index] for index in batch])
        features.update(zip(batch, rows, strict=True))
    return [features[index] for index in range(len(files))]
