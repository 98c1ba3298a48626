"""The instructions of a data set: which clip, which words, in an order that everybody shares."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from audiomotion.config.experiment import Variant
from audiomotion.data.dataset import MotionDataset


@dataclass(frozen=True)
class Instruction:
    """One text that asks for one clip."""

    clip: int
    """Index of the clip in its data set."""

    caption: int
    """Index of the caption it stems from."""

    text: str

    key: str
    """Names the instruction within the data set, whatever else is in it."""

    recording: str = field(default="", kw_only=True)
    """A recording of a person who says it, relative to the data set; empty: none."""


class Instructions:
    """Every instruction of one variant, clip by clip; instruction i has features i."""

    def __init__(self, dataset: MotionDataset, variant: Variant) -> None:
        self.all = [
            Instruction(
                clip.index,
                number,
                text,
                f"{clip.name}/{number}/{variant}/{take}",
                recording=recording,
            )
            for clip in dataset.clips
            for number, caption in enumerate(clip.captions)
            for take, (text, recording) in enumerate(
                zip(caption.texts(variant), caption.recordings(variant), strict=True)
            )
        ]

    @cached_property
    def of_clip(self) -> dict[int, list[int]]:
        """Indices of the instructions of each clip that has any."""
        found: dict[int, list[int]] = defaultdict(list)
        for index, instruction in enumerate(self.all):
            found[instruction.clip].append(index)
        return dict(found)
