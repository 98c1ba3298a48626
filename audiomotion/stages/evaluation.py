"""Stage `evaluation`: one arm, one seed, one guidance setting, measured by the protocol."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.data.ragged import Ragged, write_ragged
from audiomotion.evaluate.protocol import TestItem
from audiomotion.files import write_json
from audiomotion.generate.system import AudioToMotion
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import EvaluationStage
from audiomotion.stages.loading import load_masked, load_residual, load_tokenizer
from audiomotion.stages.measuring import Judged
from audiomotion.stages.results import EXAMPLES, RESULT

_NUM_EXAMPLES = 8


class SystemGenerator:
    """Generates the motion of test items from the features of their instructions."""

    def __init__(self, system: AudioToMotion, features: Ragged) -> None:
        self.system = system
        self.features = features

    def generate(self, items: Sequence[TestItem], seed: int) -> list[NDArray[np.float32]]:
        """Return motions `(N_i, P)`, not normalised; place and seed decide an item's draw."""
        return self.system.generate(
            [self.features[item.utterance] for item in items],
            [item.num_frames for item in items],
            [derive_seed(seed, place) for place in range(len(items))],
        )


def evaluate_system(stage: EvaluationStage, context: StageContext) -> None:
    """Generate the split several times over; write the metrics and a few motions to look at."""
    config = stage.config.evaluation
    judged = Judged(context, stage.inputs["evaluator"], config, stage.config.variant)
    generator = SystemGenerator(
        load_system(stage, context), Ragged.open(context.inputs["features"], "features")
    )
    write_json(context.output / RESULT, judged.measure(generator).to_json())
    examples = judged.items[:: max(1, len(judged.items) // _NUM_EXAMPLES)][:_NUM_EXAMPLES]
    motions = generator.generate(examples, config.seed)
    write_ragged(context.output, "examples", motions, np.float32)
    instructions = Instructions(judged.dataset, stage.config.variant).all
    shown = [instructions[item.utterance] for item in examples]
    write_json(context.output / EXAMPLES, [{"clip": one.clip, "text": one.text} for one in shown])


def load_system(stage: EvaluationStage, context: StageContext) -> AudioToMotion:
    """Return the trained system of the stage's inputs."""
    inputs, folders = stage.inputs, context.inputs
    skeleton = MotionDataset(folders["dataset"]).skeleton
    return AudioToMotion(
        load_tokenizer(inputs["rvq"], folders["rvq"], skeleton),
        load_masked(inputs["masked"], folders["masked"], folders["features"]),
        load_residual(inputs["residual"], folders["residual"], folders["features"]),
        stage.config.generation,
        context.device,
    )
