"""Stage `speak`: instructions to WAV files, mono 16 kHz."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instruction, Instructions
from audiomotion.data.recordings import Recordings
from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.speech.cache import SpeechCache, Spoken
from audiomotion.speech.speaker import Speaker
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import SpeakStage

UTTERANCES_A_SHARD = 256
"""Spoken in one go: what was spoken before is checked a shard at a time."""

RECORDED = "recording"
"""Voice and backend of an instruction that a person recorded."""


def speak(stage: SpeakStage, context: StageContext) -> None:
    """Speak every instruction of one variant; write `wav/` and the index of the utterances.

    What was spoken once stays in the store's cache and is never spoken again.
    """
    with Utterer(stage, context) as utterer:
        wanted = utterer.instructions
        spoken: list[Utterance] = []
        for start in range(0, len(wanted), UTTERANCES_A_SHARD):
            for utterance in utterer.utter(wanted[start : start + UTTERANCES_A_SHARD]):
                spoken.append(utterance)
                context.report(len(spoken), len(wanted), {})
    Utterances.write_index(context.output, spoken)


class Utterer:
    """What a worker sets up once: the synthesizer, and who speaks what. A context manager.

    The synthesizer starts with the first text that is to be spoken.
    """

    def __init__(self, stage: SpeakStage, context: StageContext) -> None:
        dataset = MotionDataset(context.inputs["dataset"])
        self.instructions = Instructions(dataset, stage.config.variant).all
        self._recordings = Recordings(dataset.folder)
        self._splits = [clip.split for clip in dataset.clips]
        self._cache = SpeechCache(context.cache / "speech")
        self._output = context.output
        self._speaker = Speaker(stage.config.speech, context.device)
        self._voices = self._speaker.plan

    def __enter__(self) -> "Utterer":
        return self

    def __exit__(self, *_: object) -> None:
        self._speaker.close()

    def utter(self, instructions: Sequence[Instruction]) -> Iterator[Utterance]:
        """Yield the instructions as they are heard, each with its file in the output.

        Raises:
            DataError: A text cannot be spoken, or a recording cannot be used.
            ModelError: The synthesizer is not there, or failed.
        """
        recordings = [self._recordings.of(instruction) for instruction in instructions]
        texts = [
            (instruction.text, self._voice_of(instruction))
            for instruction, recording in zip(instructions, recordings, strict=True)
            if recording is None
        ]
        spoken = self._cache.get_or_speak_many(self._speaker, texts) if texts else iter(())
        for instruction, recording in zip(instructions, recordings, strict=True):
            if recording is None:
                voice, backend, source = (
                    self._voice_of(instruction), self._speaker.version, next(spoken),
                )  # fmt: skip
            else:
                voice = backend = RECORDED
                source = self._cache.get_or_convert(recording, self._speaker.config)
            yield self._placed(instruction, voice, backend, source)

    def _voice_of(self, instruction: Instruction) -> str:
        return self._voices.voice_of(instruction.key, self._splits[instruction.clip])

    def _placed(
        self, instruction: Instruction, voice: str, backend: str, source: Spoken
    ) -> Utterance:
        file = Path("wav") / source.path.parent.name / source.path.name
        _link(source.path, self._output / file)
        return Utterance(
            **asdict(instruction),
            voice=voice,
            backend=backend,
            file=str(file),
            seconds=source.seconds,
            sha256=source.sha256,
        )


def _link(source: Path, target: Path) -> None:
    """Place a file of the cache into an artifact: a hard link, a copy across file systems.

    The two share their bytes, and so any damage; the cache checks each file before it is taken.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
