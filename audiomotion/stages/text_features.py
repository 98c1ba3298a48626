"""Stage `text_features`: the words of the instructions to the frozen text encoder's features."""

from collections.abc import Sequence
from functools import cached_property

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.extract.text import build_text_encoder
from audiomotion.files import read_json
from audiomotion.stages.accounting import modules_in, num_parameters
from audiomotion.stages.base import StageContext
from audiomotion.stages.feature_shards import Encoded, FeatureWork, LoadedEncoder
from audiomotion.stages.graph import TextFeaturesStage
from audiomotion.stages.results import TRANSCRIPTS

_NOTHING_HEARD = "."
"""Text encoders take no empty text."""


class EncodeTexts(FeatureWork[str]):
    """The features of every instruction's text, row i for instruction i."""

    items_a_batch = 256
    duration_unit = "characters"

    def __init__(self, stage: TextFeaturesStage, context: StageContext) -> None:
        self.config = stage.config
        self.context = context

    @property
    def part(self) -> str:
        """Name of the text encoder."""
        return self.config.encoder.name

    @cached_property
    def items(self) -> Sequence[str]:
        """Texts; of a cascade what was heard, but for the splits that nobody listens to."""
        dataset = MotionDataset(self.context.inputs["dataset"])
        texts = [wish.text for wish in Instructions(dataset, self.config.variant).all]
        if "transcribe" not in self.context.inputs:
            return texts
        heard = read_json(self.context.inputs["transcribe"] / TRANSCRIPTS)
        for number, text in heard.items():
            texts[int(number)] = text or _NOTHING_HEARD
        return texts

    @cached_property
    def durations(self) -> Sequence[float]:
        """Characters of each text: texts of as many tokens, mostly, go through together."""
        return [len(text) for text in self.items]

    def load(self) -> LoadedEncoder[str]:
        """Load the text encoder."""
        config = self.config.encoder
        encoder = build_text_encoder(config, self.context.device)
        record = {
            "weights": config.weights_label,
            "frame_hz": 0.0,
            "feature_dim": encoder.feature_dim,
            "num_layers": 1,
        }
        size = num_parameters(*modules_in(encoder))
        return LoadedEncoder(lambda texts: Encoded(encoder.encode(texts), {}), record, size)
