"""What was asked for: an instruction as text, as it was spoken, and as a cascade heard it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from audiomotion.config.experiment import Variant
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instruction, Instructions
from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.orchestrate.results import stage_keys
from audiomotion.stages.results import TRANSCRIPTS


@dataclass(frozen=True)
class Spoken:
    """One instruction as it is heard."""

    speech: str
    """Fingerprint of the stage that spoke it."""
    file: str
    """WAV file below that stage's artifact."""
    voice: str
    backend: str
    seconds: float


@dataclass(frozen=True)
class Wording:
    """One way to ask for a clip."""

    variant: Variant
    text: str
    spoken: Spoken | None = None
    """None where no arm of the launch hears instructions of this variant."""


class Wordings:
    """The instructions of a launch's data sets, and their audio where some arm hears them.

    Args:
        record: The launch.
        artifacts: Folder `artifacts` of the store.
    """

    def __init__(self, record: RunRecord, artifacts: Path) -> None:
        self.artifacts = artifacts
        self._spoken = dict(self._all_spoken(record))
        self._instructions = cache(self._read_instructions)

    def asked(self, dataset: MotionDataset, clip: int, text: str, variant: Variant) -> Wording:
        """Return the instruction of a clip that an example says it answers."""
        found = self._of_clip(dataset, clip, variant)
        same = next((one for one in found if one.text == text), None)
        spoken = self._spoken.get((variant, same.key, text)) if same else None
        return Wording(variant, text, spoken)

    def otherwise(
        self, dataset: MotionDataset, clip: int, asked: Wording, variant: Variant
    ) -> Wording | None:
        """Return the same caption in the other variant; None where there is none."""
        own = self._of_clip(dataset, clip, asked.variant)
        caption = next((one.caption for one in own if one.text == asked.text), None)
        found = self._of_clip(dataset, clip, variant)
        other = next((one for one in found if one.caption == caption), None)
        if other is None:
            return None
        return Wording(variant, other.text, self._spoken.get((variant, other.key, other.text)))

    def heard(self, arm: ArmRecord, dataset: MotionDataset, clip: int, asked: Wording) -> str:
        """Return the words that a cascade heard of an instruction; empty where it hears none."""
        if (key := arm.fingerprints.get("transcribe")) is None:
            return ""
        everything = self._instructions(dataset.folder, asked.variant)
        number = next(
            (
                place
                for place, one in enumerate(everything.all)
                if one.clip == clip and one.text == asked.text
            ),
            None,
        )
        words = read_json(self.artifacts / "transcribe" / key / TRANSCRIPTS)
        return str(words.get(str(number), ""))

    def _of_clip(self, dataset: MotionDataset, clip: int, variant: Variant) -> list[Instruction]:
        everything = self._instructions(dataset.folder, variant)
        return [everything.all[place] for place in everything.of_clip.get(clip, [])]

    def _read_instructions(self, folder: Path, variant: Variant) -> Instructions:
        return Instructions(MotionDataset(folder), variant)

    def _all_spoken(self, record: RunRecord) -> Iterator[tuple[tuple[str, str, str], Spoken]]:
        for stage, key in stage_keys(record, "speak"):
            folder = self.artifacts / stage / key
            for utterance in Utterances(folder).records:
                variant = utterance.key.split("/")[-2]
                yield (variant, utterance.key, utterance.text), _spoken(key, utterance)


def _spoken(key: str, utterance: Utterance) -> Spoken:
    return Spoken(key, utterance.file, utterance.voice, utterance.backend, utterance.seconds)
