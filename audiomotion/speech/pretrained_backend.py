"""What the text-to-speech models of transformers share: weights, device, and noise from a seed."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final, Generic, TypeVar

import torch
import transformers

from audiomotion.config.speech import PretrainedSpeechSchema
from audiomotion.errors import DataError, ModelError
from audiomotion.files import file_digest
from audiomotion.pretrained.hub import weights_folder
from audiomotion.speech.base import Audio, Line, SpeechBackend
from audiomotion.speech.numbers import spelled

SPEECH_FILES: Final = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "spm_char.model",
)
"""What a text-to-speech model's folder has beside its weights."""

PretrainedT = TypeVar("PretrainedT", bound=PretrainedSpeechSchema)


@dataclass(frozen=True)
class NamedWeights:
    """A hub id or folder, and a revision."""

    weights: str
    revision: str | None = None


class PretrainedBackend(SpeechBackend[PretrainedT], Generic[PretrainedT]):
    """Speaks one line after the other.

    The noise of a line depends on `seed`, text, voice and attempt alone, so on one machine's CPU a
    line is the same whatever came before it.
    """

    attempts: ClassVar[int] = 3

    @abstractmethod
    def synthesize(self, text: str, voice: str) -> tuple[torch.Tensor, int]:
        """Return the waveform (S,) of a text without digits, and its rate in Hz."""

    @abstractmethod
    def weight_files(self) -> list[Path]:
        """Return the files that decide what is heard."""

    @cached_property
    def folder(self) -> Path:
        """The folder of the weights; a hub id is fetched first."""
        return fetched(NamedWeights(self.config.weights, self.config.revision))

    @cached_property
    def version(self) -> str:
        """Return the weights by name and checksum, and the library's version."""
        files = self.weight_files()
        if missing := [path for path in files if not path.is_file()]:
            raise ModelError(f"{missing[0]} is missing; get the complete published weights")
        digests = "".join(map(file_digest, files))
        digest = sha256(digests.encode()).hexdigest()[:12]
        return f"{self.config.weights} ({digest}, transformers {transformers.__version__})"

    def speak(self, line: Line) -> Audio:
        """See `SpeechBackend.speak`."""
        text = spelled(line.text)
        with torch.inference_mode(), self._noise_of(line):
            waveform, rate = self.synthesize(text, line.voice)
        return waveform.float().cpu().numpy(), rate

    @contextmanager
    def _noise_of(self, line: Line) -> Iterator[None]:
        parts = f"{self.config.seed}\0{line.text}\0{line.voice}\0{line.attempt}"
        seed = int.from_bytes(sha256(parts.encode()).digest()[:8], "big") >> 1
        devices = [torch.cuda.current_device()] if self.device.startswith("cuda") else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            yield


def fetched(weights: NamedWeights, section: str = "speech") -> Path:
    """Return the folder of a text-to-speech model's weights."""
    return weights_folder(weights, section, SPEECH_FILES)


def weights_file(folder: Path) -> Path:
    """Return the file with the tensors."""
    safe, older = folder / "model.safetensors", folder / "pytorch_model.bin"
    return older if older.is_file() and not safe.is_file() else safe


def too_long(text: str, num_tokens: int, limit: int) -> DataError:
    """Return the error for a text that a model has no positions for."""
    return DataError(
        f"{text!r} has {num_tokens} tokens and the model takes {limit}; shorten the caption, or "
        "choose another speech.name"
    )
