"""The motions that a trained system was measured by, as files: generated again, and measured."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import EvaluationConfig
from audiomotion.data.folder_writer import save_array
from audiomotion.data.outside_files import MANY
from audiomotion.data.ragged import Ragged
from audiomotion.errors import ConfigError
from audiomotion.evaluate.outside import Askable
from audiomotion.evaluate.protocol import MotionGenerator, TestItem
from audiomotion.evaluate.result import EvaluationResult
from audiomotion.stages.asking import askable
from audiomotion.stages.base import StageContext
from audiomotion.stages.evaluation import SystemGenerator, load_system
from audiomotion.stages.graph import EvaluationStage
from audiomotion.stages.measuring import Judged


class Recorder:
    """Writes every motion that the protocol has a generator make.

    Args:
        generator: What generates.
        asked: Names the instructions.
        config: The protocol.
        folder: Where the files go.
    """

    def __init__(
        self, generator: MotionGenerator, asked: Askable, config: EvaluationConfig, folder: Path
    ) -> None:
        self.generator = generator
        self.asked = asked
        self.folder = folder
        self.places = _places(config)

    def generate(self, items: Sequence[TestItem], seed: int) -> list[NDArray[np.floating]]:
        """Return the generator's motions, which are then in files too."""
        motions = self.generator.generate(items, seed)
        place, seen = next(self.places), Counter[int]()
        for item, motion in zip(items, motions, strict=True):
            name = self.asked.names[item.utterance]
            if place.endswith(MANY):
                name = f"{name}/{seen[item.utterance]:02}"
            seen[item.utterance] += 1
            path = self.folder / place / f"{name}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            save_array(path, motion.astype(np.float32))
        return motions


def export_motions(stage: EvaluationStage, context: StageContext) -> EvaluationResult:
    """Run an evaluation again, write every motion into `context.output`, return the figures.

    Raises:
        ConfigError: The protocol crops clips at random, so that no motion answers a whole clip.
    """
    config = stage.config.evaluation
    if config.sampling == "published":
        raise ConfigError(
            "evaluation.sampling is published: each repeat asks for other crops of the clips; "
            "motions of whole clips are those of an evaluation with sampling: fixed"
        )
    judged = Judged(context, stage.inputs["evaluator"], config, stage.config.variant)
    system = SystemGenerator(
        load_system(stage, context), Ragged.open(context.inputs["features"], "features")
    )
    asked = askable(judged.dataset, stage.config.variant, config)
    return judged.measure(Recorder(system, asked, config, context.output))


def _places(config: EvaluationConfig) -> Iterator[str]:
    """Yield where the motions belong that the protocol asks for, one request after the other."""
    for repeat in range(config.repeats):
        yield f"repeat-{repeat:02}"
        if config.multimodality_captions:
            yield f"repeat-{repeat:02}/{MANY}"
