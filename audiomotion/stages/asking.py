"""Which instructions a system outside answers, for the stages that read or write its motions."""

from audiomotion.config.experiment import EvaluationConfig, Variant
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.evaluate.outside import Askable
from audiomotion.stages.measuring import test_items


def askable(dataset: MotionDataset, variant: Variant, config: EvaluationConfig) -> Askable:
    """Return the instructions of the measured split, with their texts and numbers."""
    instructions = Instructions(dataset, variant)
    return Askable(
        items=test_items(dataset, instructions, config),
        texts=[instruction.text for instruction in instructions.all],
        splits={clip.name: clip.split for clip in dataset.clips},
        split=config.split,
    )
