"""Stage `transcribe`: what a recognizer hears of the spoken instructions of one split."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.data.utterances import Utterances
from audiomotion.extract.recognizer import Recognizer
from audiomotion.files import read_json, write_json
from audiomotion.speech.wav import read_wav
from audiomotion.stages.accounting import flops_of, modules_in, num_parameters
from audiomotion.stages.base import MakeShard, ShardedWork, StageContext
from audiomotion.stages.graph import TranscribeStage
from audiomotion.stages.results import TRANSCRIPTS

_ITEMS_A_SHARD: Final = 256
_ITEMS_A_BATCH: Final = 16


class TranscribeInstructions(ShardedWork):
    """Leaves the words heard of each instruction of the split, by the instruction's number."""

    def __init__(self, stage: TranscribeStage, context: StageContext) -> None:
        self.config = stage.config
        self.context = context
        self._utterances = Utterances(context.inputs["speak"])

    @cached_property
    def items(self) -> Sequence[int]:
        """Numbers of the instructions that are heard."""
        dataset = MotionDataset(self.context.inputs["dataset"])
        clips = {clip.index for clip in dataset.split(self.config.split)}
        instructions = Instructions(dataset, self.config.variant).all
        return [number for number, wish in enumerate(instructions) if wish.clip in clips]

    @cached_property
    def shard_sizes(self) -> Sequence[int]:
        """Items of each shard."""
        starts = range(0, len(self.items), _ITEMS_A_SHARD)
        return [min(_ITEMS_A_SHARD, len(self.items) - start) for start in starts]

    @contextmanager
    def set_up(self) -> Iterator[MakeShard]:
        """Load the recognizer, once a worker."""
        recognizer = Recognizer(self.config.recognizer, self.context.device)
        self.context.note("encoder", partial(self._facts, recognizer))
        yield partial(self._write, recognizer)

    def finish(self, shards: Sequence[Path]) -> None:
        """Put the shards into one file."""
        heard = {}
        for shard in shards:
            heard.update(read_json(shard / TRANSCRIPTS))
        write_json(self.context.output / TRANSCRIPTS, heard)

    def _facts(self, recognizer: Recognizer) -> Mapping[str, Any]:
        """Return what the recognizer costs; operations are those of the median utterance."""
        records = self._utterances.records
        order = sorted(self.items, key=lambda number: (records[number].seconds, number))
        median = order[len(order) // 2]
        return {
            "parameters": num_parameters(*modules_in(recognizer)),
            "flops": flops_of(lambda: recognizer.transcribe(self._audio([median]))),
            "seconds_of_audio": records[median].seconds,
        }

    def _write(self, recognizer: Recognizer, index: int, folder: Path) -> Mapping[str, float]:
        first = index * _ITEMS_A_SHARD
        numbers = self.items[first : first + self.shard_sizes[index]]
        heard: dict[int, str] = {}
        for start in range(0, len(numbers), _ITEMS_A_BATCH):
            batch = numbers[start : start + _ITEMS_A_BATCH]
            heard.update(zip(batch, recognizer.transcribe(self._audio(batch)), strict=True))
        write_json(folder / TRANSCRIPTS, heard)
        return {"instructions": len(heard), "unheard": sum(not text for text in heard.values())}

    def _audio(self, numbers: Sequence[int]) -> list[NDArray[np.float32]]:
        records = self._utterances.records
        return [read_wav(self._utterances.folder / records[number].file)[0] for number in numbers]
