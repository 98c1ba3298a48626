"""Whisper as a whole: waveforms to words, the first half of a cascade."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from transformers import WhisperConfig as WhisperArchitecture
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizer

from audiomotion.config.recognizers import RecognizerConfig
from audiomotion.errors import ModelError
from audiomotion.extract.base import SAMPLE_HZ, checked_waveforms
from audiomotion.extract.inference import exact_inference, frozen, seeded
from audiomotion.extract.whisper import whisper_log_mel
from audiomotion.pretrained.hub import AUDIO_FILES, TEXT_FILES, weights_folder
from audiomotion.pretrained.loading import damaged, load_pretrained, quietly

FILES: Final = (*AUDIO_FILES, *TEXT_FILES, "generation_config.json", "added_tokens.json")
"""What is fetched beside the weights."""

_DEVICE_WINDOWS: Final = 16
"""Windows of 30 s that share a batch; on a CPU single ones are the fastest."""

_RANDOM_TOKENS: Final = 12
"""Random weights never come to an end by themselves."""

_TINY: Final = (64, 2, 4, 1024)
_SMALL: Final = (768, 12, 12, 51865)
"""Width, layers, heads and tokens of whisper-small."""


class Recognizer:
    """What Whisper hears, without time stamps; a multilingual one is told that it is English.

    Audio longer than 30 s is heard in windows, one after the other. Random weights have words of
    their own, `w` and a number: a cascade that hears nothing runs, and says so by its weights.
    """

    def __init__(self, config: RecognizerConfig, device: str = "cpu") -> None:
        if config.weights == "random":
            model, self._log_mel = _random(config)
            self._tokenizer = None
        else:
            folder = weights_folder(config, "recognizer", FILES)
            model = load_pretrained(WhisperForConditionalGeneration, folder, _TIED)
            self._log_mel, self._tokenizer = whisper_log_mel(folder, model), _tokenizer(folder)
        self._model: Any = frozen(model, device)
        self._device = device
        self._max_tokens = config.max_tokens if self._tokenizer else _RANDOM_TOKENS
        self._window_samples = self._log_mel.n_samples
        on_cpu = torch.device(device).type == "cpu"
        self._batch_windows = 1 if on_cpu else _DEVICE_WINDOWS

    def transcribe(
        self, waveforms: Sequence[np.ndarray], num_tokens: Sequence[int] | None = None
    ) -> list[str]:
        """Return the words of each waveform, mono at 16 kHz; empty where nothing is heard.

        `num_tokens`, one a waveform, is how many tokens are decoded of it, no fewer and no more, in
        a batch the most of its members: for timing random weights, which do not know when to stop.
        """
        groups = [self._windows(wave) for wave in checked_waveforms(waveforms)]
        fixed = num_tokens or [0] * len(groups)
        asked = [
            (window, count) for group, count in zip(groups, fixed, strict=True) for window in group
        ]
        heard = iter(self._transcribe(asked))
        texts = [" ".join(filter(None, (next(heard) for _ in group))) for group in groups]
        return texts

    def _windows(self, waveform: np.ndarray) -> list[np.ndarray]:
        starts = range(0, waveform.size, self._window_samples)
        return [waveform[start : start + self._window_samples] for start in starts]

    def _transcribe(self, asked: Sequence[tuple[np.ndarray, int]]) -> list[str]:
        texts: list[str] = []
        with exact_inference(), quietly():
            for start in range(0, len(asked), self._batch_windows):
                windows, counts = zip(*asked[start : start + self._batch_windows], strict=True)
                texts += [self._words(row) for row in self._generate(windows, max(counts)).tolist()]
        return texts

    def _generate(self, windows: Sequence[np.ndarray], num_tokens: int) -> torch.Tensor:
        prepare: Any = self._log_mel
        mels = [
            prepare(window, sampling_rate=SAMPLE_HZ, return_tensors="pt")["input_features"]
            for window in windows
        ]
        told = getattr(self._model.generation_config, "is_multilingual", False)
        ids: torch.Tensor = self._model.generate(
            torch.cat(mels).to(self._device),
            do_sample=False,
            num_beams=1,
            max_new_tokens=num_tokens or self._max_tokens,
            **({"min_new_tokens": num_tokens} if num_tokens else {}),
            **({"language": "en", "task": "transcribe"} if told else {}),
        )
        return ids

    def _words(self, ids: Sequence[int]) -> str:
        if self._tokenizer is None:
            return " ".join(f"w{number}" for number in ids)
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text.strip()


_TIED: Final = frozenset({"proj_out.weight"})
"""Left out of files where it is the token embedding, as published."""


def _random(
    config: RecognizerConfig,
) -> tuple[WhisperForConditionalGeneration, WhisperFeatureExtractor]:
    width, depth, heads, num_tokens = _TINY if config.random_size == "tiny" else _SMALL
    sizes: dict[str, Any] = {
        f"{part}_{name}": value
        for part in ("encoder", "decoder")
        for name, value in (("layers", depth), ("attention_heads", heads), ("ffn_dim", 4 * width))
    }
    architecture = WhisperArchitecture(
        d_model=width,
        vocab_size=num_tokens,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        **sizes,
    )
    log_mel: Any = WhisperFeatureExtractor
    with seeded(config.random_seed):
        return WhisperForConditionalGeneration(architecture), log_mel()


def _tokenizer(folder: Path) -> Any:
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise ModelError(
            f"{folder} has no tokenizer (tokenizer.json, vocab.json); get its files from the same "
            "place as the weights"
        )
    try:
        with quietly():
            return WhisperTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # The tokenizers library raises bare exceptions.
        raise damaged(folder, error) from error
