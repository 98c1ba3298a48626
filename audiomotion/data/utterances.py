"""Spoken instructions of a data set: which clip, which words, which voice, which file."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from audiomotion.config.experiment import Variant
from audiomotion.data.dataset import MotionDataset
from audiomotion.files import read_json, write_json


@dataclass(frozen=True)
class Instruction:
    """One text to be spoken for one clip."""

    clip: int
    """Index of the clip in its data set."""

    caption: int
    """Index of the caption it stems from."""

    text: str

    key: str
    """Names the instruction within the data set, whatever else is in it."""


@dataclass(frozen=True)
class Utterance(Instruction):
    """An instruction, spoken."""

    voice: str
    file: str
    """WAV file, relative to the folder of the utterances."""

    seconds: float


def instructions(dataset: MotionDataset, variant: Variant) -> list[Instruction]:
    """Return every instruction of `variant`, clip by clip."""
    return [
        Instruction(clip.index, number, text, f"{clip.name}/{number}/{variant}/{take}")
        for clip in dataset.clips
        for number, caption in enumerate(clip.captions)
        for take, text in enumerate(caption.texts(variant))
    ]


class Utterances:
    """The spoken instructions in a folder; utterance i has features i."""

    _INDEX = "utterances.json"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def write_index(cls, folder: Path, utterances: Sequence[Utterance], engine: str) -> None:
        """Write the record beside the WAV files."""
        records = [asdict(utterance) for utterance in utterances]
        write_json(folder / cls._INDEX, {"engine": engine, "utterances": records})

    @cached_property
    def records(self) -> list[Utterance]:
        """Every utterance, clip by clip."""
        return [
            Utterance(**record) for record in read_json(self.folder / self._INDEX)["utterances"]
        ]

    @cached_property
    def of_clip(self) -> dict[int, list[int]]:
        """Indices of the utterances of each clip."""
        found: dict[int, list[int]] = defaultdict(list)
        for index, utterance in enumerate(self.records):
            found[utterance.clip].append(index)
        return dict(found)
