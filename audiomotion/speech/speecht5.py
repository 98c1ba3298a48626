"""SpeechT5 (Ao et al. 2022) with HiFi-GAN, of the transformers library."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan

from audiomotion.config.speech import SpeechT5Config
from audiomotion.errors import DataError, ModelError
from audiomotion.pretrained.loading import load_pretrained
from audiomotion.speech.character_model import CharacterModel
from audiomotion.speech.pretrained_backend import (
    NamedWeights,
    PretrainedBackend,
    fetched,
    too_long,
    weights_file,
)

_VOCABULARY = "spm_char.model"


class SpeechT5Backend(PretrainedBackend[SpeechT5Config]):
    """A voice is an x-vector: a `.npy` file in the folder `speech.speakers`."""

    @cached_property
    def voices(self) -> tuple[str, ...]:
        """Return the names of the files, in order."""
        return tuple(self._vector_files)

    def weight_files(self) -> list[Path]:
        """See `PretrainedBackend.weight_files`."""
        return [
            self.folder / "config.json",
            self.folder / _VOCABULARY,
            weights_file(self.folder),
            weights_file(self._vocoder_folder),
            *self._vector_files.values(),
        ]

    def synthesize(self, text: str, voice: str) -> tuple[torch.Tensor, int]:
        """See `PretrainedBackend.synthesize`."""
        ids = self._characters.encode(text)
        limit = int(self._model.config.max_text_positions)
        if len(ids) > limit:
            raise too_long(text, len(ids), limit)
        waveform = self._model.generate_speech(
            torch.tensor([ids], device=self.device), self._vector(voice), vocoder=self._vocoder
        )
        return waveform.reshape(-1), int(self._vocoder.config.sampling_rate)

    @cached_property
    def _vector_files(self) -> dict[str, Path]:
        folder = Path(self.config.speakers).expanduser()
        found = {path.stem: path for path in sorted(folder.glob("*.npy"))}
        if not found:
            raise DataError(
                f"speech.speakers: {folder} holds no x-vectors; give a folder with one .npy file "
                "for each voice"
            )
        return found

    def _vector(self, voice: str) -> torch.Tensor:
        path, width = self._vector_files[voice], int(self._model.config.speaker_embedding_dim)
        try:
            vector = np.asarray(np.load(path, allow_pickle=False), np.float32).reshape(-1)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"{path} cannot be read as a .npy file ({error})") from error
        if vector.shape != (width,) or not np.isfinite(vector).all():
            raise DataError(
                f"{path} holds {vector.size} numbers; an x-vector for {self.config.weights} has "
                f"{width}, all finite"
            )
        return torch.from_numpy(vector)[None].to(self.device)

    @cached_property
    def _vocoder_folder(self) -> Path:
        return fetched(NamedWeights(self.config.vocoder), "speech.vocoder")

    @cached_property
    def _characters(self) -> CharacterModel:
        return CharacterModel(self.folder / _VOCABULARY)

    @cached_property
    def _model(self) -> Any:
        model: Any = load_pretrained(SpeechT5ForTextToSpeech, self.folder)
        # HiFi-GAN makes sound of mel frames; what it wants is what the model must give.
        if model.config.num_mel_bins != self._vocoder.config.model_in_dim:
            raise ModelError(
                f"{self.config.weights} gives {model.config.num_mel_bins} mel bands and "
                f"{self.config.vocoder} takes {self._vocoder.config.model_in_dim}; give its vocoder"
            )
        return model.eval().to(self.device)

    @cached_property
    def _vocoder(self) -> Any:
        model: Any = load_pretrained(SpeechT5HifiGan, self._vocoder_folder)
        return model.eval().to(self.device)
