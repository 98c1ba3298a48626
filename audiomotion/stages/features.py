"""Stage `features`: WAV files to the frozen extractor's frames."""

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

from audiomotion.config.extractors import ExtractorSchema
from audiomotion.data.utterances import Utterances
from audiomotion.extract.base import Extractor, build_extractor
from audiomotion.speech.wav import read_wav
from audiomotion.stages.accounting import modules_in, num_parameters
from audiomotion.stages.base import StageContext
from audiomotion.stages.feature_shards import Encoded, FeatureWork, LoadedEncoder
from audiomotion.stages.graph import FeaturesStage
from audiomotion.stages.results import WEIGHTS


class ExtractFeatures(FeatureWork[Path]):
    """The features of every utterance, row i for instruction i."""

    items_a_batch = 64
    duration_unit = "seconds_of_audio"

    def __init__(self, stage: FeaturesStage, context: StageContext) -> None:
        self.config = stage.config
        self.context = context
        self._utterances = Utterances(context.inputs["speak"])

    @property
    def part(self) -> str:
        """Name of the extractor."""
        return self.config.name

    @cached_property
    def items(self) -> Sequence[Path]:
        """WAV files."""
        return [self._utterances.folder / record.file for record in self._utterances.records]

    @cached_property
    def durations(self) -> Sequence[float]:
        """Seconds of each file."""
        return [record.seconds for record in self._utterances.records]

    def load(self) -> LoadedEncoder[Path]:
        """Load the extractor."""
        extractor = build_extractor(_with_imported(self.config, self.context), self.context.device)
        record = {
            "weights": self.config.weights_label,
            "frame_hz": extractor.frame_hz,
            "feature_dim": extractor.feature_dim,
            "num_layers": extractor.num_layers,
        }
        size = num_parameters(*modules_in(extractor))
        return LoadedEncoder(partial(_extract, extractor), record, size)


def _with_imported(config: ExtractorSchema, context: StageContext) -> ExtractorSchema:
    """Return the configuration with the imported weights as a file, where it takes such."""
    if "checkpoint" not in context.inputs:
        return config
    return config.model_copy(update={"weights": str(context.inputs["checkpoint"] / WEIGHTS)})


def _extract(extractor: Extractor, files: Sequence[Path]) -> Encoded:
    """Return the features of each file, and how much was computed for padding."""
    waveforms = [read_wav(path)[0] for path in files]
    lengths = [waveform.size for waveform in waveforms]
    counts = {"samples": sum(lengths), "computed_samples": extractor.computed_samples(lengths)}
    return Encoded(extractor.extract(waveforms), counts)
