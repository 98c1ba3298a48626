"""Stage `features`: WAV files to the frozen extractor's frames."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.extractors import ExtractorSchema
from audiomotion.data.utterances import Utterances
from audiomotion.extract.base import Extractor, build_extractor
from audiomotion.speech.wav import read_wav
from audiomotion.stages.base import StageContext
from audiomotion.stages.feature_shards import write_features
from audiomotion.stages.graph import FeaturesStage
from audiomotion.stages.results import WEIGHTS

_UTTERANCES_A_BATCH = 32


def extract_features(stage: FeaturesStage, context: StageContext) -> None:
    """Write the features of every utterance, row i for instruction i."""
    utterances = Utterances(context.inputs["speak"])
    files = [utterances.folder / record.file for record in utterances.records]
    extractor = build_extractor(_with_imported(stage.config, context), context.device)
    record = {
        "weights": stage.config.weights_label,
        "frame_hz": extractor.frame_hz,
        "feature_dim": extractor.feature_dim,
        "num_layers": extractor.num_layers,
    }
    write_features(files, partial(_extract, extractor), context, stage.config.name, record)


def _with_imported(config: ExtractorSchema, context: StageContext) -> ExtractorSchema:
    """Return the configuration with the imported weights as a file, where it takes such."""
    if "checkpoint" not in context.inputs:
        return config
    return config.model_copy(update={"weights": str(context.inputs["checkpoint"] / WEIGHTS)})


def _extract(extractor: Extractor, files: Sequence[Path]) -> list[NDArray[np.float32]]:
    """Return the features of each file; files of like length go through together."""
    waveforms = [read_wav(path)[0] for path in files]
    order = sorted(range(len(files)), key=lambda index: len(waveforms[index]))
    features: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(order), _UTTERANCES_A_BATCH):
        batch = order[start : start + _UTTERANCES_A_BATCH]
        rows = extractor.extract([waveforms[index] for index in batch])
        features.update(zip(batch, rows, strict=True))
    return [features[index] for index in range(len(files))]
