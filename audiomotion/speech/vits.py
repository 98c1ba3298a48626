"""VITS (Kim et al. 2021) of the transformers library: one MMS voice, or a model of many."""

from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from transformers import VitsModel, VitsTokenizer

from audiomotion.config.speech import VitsSpeechConfig
from audiomotion.errors import ModelError
from audiomotion.pretrained.loading import UNREADABLE, damaged, json_object, load_pretrained
from audiomotion.speech.pretrained_backend import PretrainedBackend, weights_file


class VitsBackend(PretrainedBackend[VitsSpeechConfig]):
    """A voice is one of the model's speakers, by number."""

    @cached_property
    def voices(self) -> tuple[str, ...]:
        """Return the model's speakers."""
        number = int(json_object(self.folder / "config.json").get("num_speakers", 1))
        return tuple(f"speaker-{index:03d}" for index in range(number))

    def weight_files(self) -> list[Path]:
        """See `PretrainedBackend.weight_files`."""
        return [self.folder / "config.json", self.folder / "vocab.json", weights_file(self.folder)]

    def synthesize(self, text: str, voice: str) -> tuple[torch.Tensor, int]:
        """See `PretrainedBackend.synthesize`."""
        model = self._model
        try:
            ids = self._tokenizer(text, return_tensors="pt")["input_ids"].to(self.device)
        except ImportError as error:
            raise ModelError(
                f"{self.config.weights} reads phonemes ({str(error).strip().splitlines()[0]}); "
                "install the package phonemizer, or choose weights that read letters, such as "
                "facebook/mms-tts-eng"
            ) from error
        if not ids.shape[1] or not bool((ids != self._tokenizer.pad_token_id).any()):
            raise ModelError(f"{text!r} has no letter that {self.config.weights} can read")
        several = model.config.num_speakers > 1
        speaker = self.voices.index(voice)
        spoken = model(input_ids=ids, speaker_id=speaker if several else None)
        return spoken.waveform[0], int(model.config.sampling_rate)

    @cached_property
    def _model(self) -> Any:
        model: Any = load_pretrained(VitsModel, self.folder)
        model.eval().to(self.device)
        model.speaking_rate = self.config.speaking_rate
        return model

    @cached_property
    def _tokenizer(self) -> Any:
        json_object(self.folder / "vocab.json")
        try:
            return VitsTokenizer.from_pretrained(self.folder, local_files_only=True)
        except UNREADABLE as error:
            raise damaged(self.folder, error) from error
