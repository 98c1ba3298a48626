"""One trained system, loaded once, measured under as many generation settings as are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import GenerationConfig
from audiomotion.data.ragged import Ragged
from audiomotion.evaluate.protocol import TestItem, evaluate_repeat
from audiomotion.generate.system import AudioToMotion, EncodedConditions
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.evaluation import load_system
from audiomotion.stages.graph import EvaluationStage
from audiomotion.stages.measuring import Judged


@dataclass(frozen=True)
class EncodedGenerator:
    """Generates the motion of test items from conditions that were encoded before."""

    system: AudioToMotion
    conditions: EncodedConditions
    rows: dict[int, int]
    """Row of each instruction among the conditions, by its number."""

    def generate(self, items: Sequence[TestItem], seed: int) -> list[NDArray[np.float32]]:
        """Return motions `(N_i, P)`, not normalised, with the draws of `SystemGenerator`."""
        return self.system.generate_from(
            self.conditions,
            [self.rows[item.utterance] for item in items],
            [item.num_frames for item in items],
            [derive_seed(seed, place) for place in range(len(items))],
        )


class LoadedTrials:
    """The models of one system and the measured split; a trial costs its generation alone.

    Models are loaded, real motion is embedded and instructions are compressed once. Repeat i has
    the same draws under every setting, as the evaluation stage has for every arm.
    """

    def __init__(self, stage: EvaluationStage, context: StageContext) -> None:
        """Load.

        Args:
            stage: An evaluation; its own generation setting counts for nothing here.
            context: Where its inputs are, and the device. Nothing is written.
        """
        self.stage = stage
        self.judged = Judged(
            context, stage.inputs["evaluator"], stage.config.evaluation, stage.config.variant
        )
        self.system = load_system(stage, context)
        features = Ragged.open(context.inputs["features"], "features")
        utterances = sorted({item.utterance for item in self.judged.items})
        self.conditions = self.system.encode([features[number] for number in utterances])
        self.rows = {number: row for row, number in enumerate(utterances)}

    def measure(self, generation: GenerationConfig, repeat: int) -> dict[str, float]:
        """Return the metrics of one repeat of the protocol under a setting."""
        self.system.config = generation
        generator = EncodedGenerator(self.system, self.conditions, self.rows)
        judged = self.judged
        result = evaluate_repeat(
            repeat, generator, judged.items, judged.embedded, judged.evaluator, judged.config
        )
        return result.metrics
