"""What the measuring stages share: the test items, the repeats, and what they leave."""

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import EvaluationConfig, Variant
from audiomotion.data.captions import out_of_vocabulary_share, tag_caption
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.evaluate.embedding import FrozenEvaluator
from audiomotion.evaluate.protocol import (
    MotionGenerator,
    TestItem,
    embed_real,
    evaluate_repeat,
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
        repeats = []
        for number in range(self.config.repeats):
            path = self.context.scratch / f"{name}repeat-{number:03d}.json"
            if not path.exists():
                measured = evaluate_repeat(
                    number, generator, self.items, self.embedded, self.evaluator, self.config
                )
                write_json(path, measured.to_json())
            repeats.append(RepeatResult.from_json(read_json(path)))
            self.context.report(number + 1, self.config.repeats, {})
        return EvaluationResult.of(repeats, self.unknown_words)

    @property
    def unknown_words(self) -> float:
        """Share of the words of the instructions that the evaluator does not know."""
        captions = [item.text_tags for item in self.items]
        return out_of_vocabulary_share(captions, self.evaluator.vocabulary)


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
