"""Stage `speak`: instructions to WAV files, mono 16 kHz."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instruction, Instructions
from audiomotion.data.utterances import RECORDED, Utterance, Utterances
from audiomotion.errors import DataError
from audiomotion.files import file_digest, link_or_copy
from audiomotion.speech.cache import SpeechCache, Spoken
from audiomotion.speech.speaker import Speaker
from audiomotion.speech.voices import VoicePlan
from audiomotion.stages.base import MakeShard, ShardedWork, StageContext
from audiomotion.stages.graph import SpeakStage

UTTERANCES_A_SHARD = 256

_FOLDER = Path("wav")


class SpeakInstructions(ShardedWork):
    """Every instruction of one variant as it is heard: `wav/` and the index of the utterances.

    The files are those of the store's cache: what was spoken once is never spoken again. A shard
    links its own, so that they are synced with its index.
    """

    def __init__(self, stage: SpeakStage, context: StageContext) -> None:
        self.config = stage.config
        self.context = context
        self.dataset = MotionDataset(context.inputs["dataset"])
        self.cache = SpeechCache(context.cache / "speech")

    @cached_property
    def instructions(self) -> list[Instruction]:
        """What is said, clip by clip."""
        return Instructions(self.dataset, self.config.variant).all

    @cached_property
    def shard_sizes(self) -> Sequence[int]:
        """Utterances of each shard."""
        number = len(self.instructions)
        starts = range(0, number, UTTERANCES_A_SHARD)
        return [min(UTTERANCES_A_SHARD, number - start) for start in starts]

    @contextmanager
    def set_up(self) -> Iterator[MakeShard]:
        """Set up the synthesizer; it starts with the first text that is to be spoken."""
        with Speaker(self.config.speech, self.context.device) as speaker:
            yield partial(self._write, speaker, speaker.plan)

    def finish(self, shards: Sequence[Path]) -> None:
        """Link the files of all shards, and give them one index."""
        spoken: list[Utterance] = []
        for shard in shards:
            utterances = Utterances(shard).records
            for utterance in utterances:
                _place(shard / utterance.file, self.context.output / utterance.file)
            spoken += utterances
        Utterances.write_index(self.context.output, spoken)

    def _write(
        self, speaker: Speaker, voices: VoicePlan, index: int, folder: Path
    ) -> Mapping[str, float]:
        """Speak one shard.

        Raises:
            DataError: A text cannot be spoken, or a recording cannot be used.
            ModelError: The synthesizer is not there, or failed.
        """
        start = index * UTTERANCES_A_SHARD
        shard = self.instructions[start : start + UTTERANCES_A_SHARD]
        utterances = list(self._utter(shard, speaker, voices))
        for utterance in utterances:
            target = folder / utterance.file
            _place(self.cache.folder / Path(utterance.file).relative_to(_FOLDER), target)
            if file_digest(target) != utterance.sha256:
                raise DataError(f"{target} changed while it was put there; run it again")
        Utterances.write_index(folder, utterances)
        return {"seconds_of_audio": sum(utterance.seconds for utterance in utterances)}

    def _utter(
        self, shard: Sequence[Instruction], speaker: Speaker, voices: VoicePlan
    ) -> Iterator[Utterance]:
        """Yield the instructions as they are heard."""
        chosen = [self._voice_of(instruction, voices) for instruction in shard]
        texts = [
            (instruction.text, voice)
            for instruction, voice in zip(shard, chosen, strict=True)
            if not instruction.recording
        ]
        spoken = self.cache.get_or_speak_many(speaker, texts) if texts else iter(())
        for instruction, voice in zip(shard, chosen, strict=True):
            if instruction.recording:
                recording = self.dataset.folder / instruction.recording
                heard = self.cache.get_or_convert(recording, speaker.config)
                yield _utterance(instruction, RECORDED, RECORDED, heard)
            else:
                yield _utterance(instruction, voice, speaker.version, next(spoken))

    def _voice_of(self, instruction: Instruction, voices: VoicePlan) -> str:
        return voices.voice_of(instruction.key, self.dataset.clips[instruction.clip].split)


def _place(source: Path, target: Path) -> None:
    """Give a file a second name, unless it is there: two instructions may be heard alike."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(source, target)


def _utterance(instruction: Instruction, voice: str, backend: str, heard: Spoken) -> Utterance:
    return Utterance(
        **asdict(instruction),
        voice=voice,
        backend=backend,
        file=str(_FOLDER / heard.path.parent.name / heard.path.name),
        seconds=heard.seconds,
        sha256=heard.sha256,
    )
