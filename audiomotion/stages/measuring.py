"""What the measuring stages share: the test items, the repeats, and what they leave."""

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import EvaluationConfig, Variant
from audiomotion.data.captions import tag_caption
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.evaluate.embedding import FrozenEvaluator
from audiomotion.evaluate.protocol import (
    MotionGenerator,
    TestItem,
    embed_real,
    evaluate,
)
from audiomotion.evaluate.result import EvaluationResult, RepeatResult
from audiomotion.files import read_json, write_json
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import EvaluatorStage
from audiomotion.stages.loading import load_evaluator


class Judged:
    """Everything a measuring stage compares with: the split, its instructions, the evaluator."""

    def __init__(
        self,
        context: StageContext,
        evaluator: EvaluatorStage,
        config: EvaluationConfig,
        variant: Variant,
    ) -> None:
        self.context = context
        self.config = config
        self.dataset = MotionDataset(context.inputs["dataset"])
        self.items = test_items(self.dataset, Instructions(self.dataset, variant), config)
        self.evaluator: FrozenEvaluator = load_evaluator(
            evaluator, context.inputs["evaluator"], self.dataset.skeleton, context.device
        )
        self.embedded = embed_real(self.items, self.real, self.evaluator)

    def real(self, clip: int) -> NDArray[np.float32]:
        """Return the real motion `(N, P)` of a clip, not normalised."""
        return np.array(self.dataset.features[clip], np.float32)

    def measure(self, generator: MotionGenerator, name: str = "") -> EvaluationResult:
        """Run the repeats that are not there yet; each is kept in the scratch folder."""
        prefix = f"{name}repeat-"
        paths = sorted(self.context.scratch.glob(f"{prefix}*.json"))
        finished = [RepeatResult.from_json(read_json(path)) for path in paths]

        def keep(result: RepeatResult) -> None:
            path = self.context.scratch / f"{prefix}{result.repeat:03d}.json"
            write_json(path, result.to_json())
            self.context.report(result.repeat + 1, self.config.repeats, {})

        return evaluate(
            generator, self.items, self.embedded, self.evaluator, self.config, finished, keep
        )


def test_items(
    dataset: MotionDataset, instructions: Instructions, config: EvaluationConfig
) -> list[TestItem]:
    """Return one item for each instruction of each clip of the measured split."""
    items = []
    for clip in dataset.split(config.split):
        for index in instructions.of_clip.get(clip.index, []):
            instruction = instructions.all[index]
            source = clip.captions[instruction.caption]
            text = source.text if config.reference_text == "source" else instruction.text
            tags = (source.tags if text == source.text else ()) or tag_caption(text)
            items.append(
                TestItem(
                    clip=clip.name,
                    features_index=clip.index,
                    num_frames=clip.num_frames,
                    caption_index=instruction.caption,
                    utterance=index,
                    text_tags=tags,
                    caption_key=" ".join(tags),
                )
            )
    return items
