"""WavLM: self-supervised speech features."""

import logging
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from transformers import WavLMConfig as WavLMArchitecture
from transformers import WavLMModel

from audiomotion.config.extractors import WavLMConfig
from audiomotion.errors import ModelError
from audiomotion.extract.base import (
    SAMPLE_HZ,
    Extractor,
    checked_waveforms,
    padded_size,
    similar_length_batches,
)
from audiomotion.extract.inference import default_batch_samples, exact_inference, frozen, seeded
from audiomotion.pretrained.hub import weights_folder
from audiomotion.pretrained.loading import load_pretrained, preprocessor_config

logger = logging.getLogger(__name__)

_TRAINING_ONLY: Final = frozenset({"masked_spec_embed"})


class WavLM(Extractor):
    """Features of WavLM's last layer, or of all, 50 a second, from 25 ms of audio each.

    `layers: mix` gives what every transformer layer reads and what the last one gives, the first
    layer's input first: num_hidden_layers + 1 layers side by side, to be mixed with learned weights
    (SUPERB). Of `large` the last is behind the final norm, the others are not.

    A batch holds waveforms of like length. Frames do not see what fills up the shorter ones: the
    first layer's group norm, which runs over time, is taken over each waveform's own samples,
    attention is masked, and the convolutions have no padding. The published code normalises over
    the filling too, which changes every frame.

    In bfloat16 the error's RMS is under 2 % of the features' (measured on `tiny` random weights:
    1.0 %).

    Source: Sec. 3.1 (the output of the last layer).
    """

    def __init__(self, config: WavLMConfig, device: str = "cpu") -> None:
        if config.weights == "random":
            model, self._normalises = _random_model(config), False
        else:
            model, self._normalises = _published_model(weights_folder(config))
        self._norm = _norm_over_own_frames(model)
        self._model = frozen(model, device, config.precision)
        self._device = device
        self._dtype = model.dtype
        self._mixes = config.layers == "mix"
        self.max_batch_samples = default_batch_samples(device)
        self.num_layers = model.config.num_hidden_layers + 1 if self._mixes else 1
        self.feature_dim = self.num_layers * model.config.hidden_size
        self.frame_hz = SAMPLE_HZ / math.prod(model.config.conv_stride)
        self._min_samples = _receptive_field(model.config)

    def extract(self, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the last layer `(L, F)`, or all side by side, of each waveform."""
        audio = checked_waveforms(waveforms, self._min_samples)
        frames: list[np.ndarray] = [np.empty(0)] * len(audio)
        with exact_inference():
            for batch in self._batches([wave.size for wave in audio]):
                hidden = self._encode([audio[place] for place in batch])
                for place, clip in zip(batch, hidden, strict=True):
                    frames[place] = clip
        return frames

    def computed_samples(self, lengths: Sequence[int]) -> int:
        """Return the samples of all batches, those that fill up included."""
        return padded_size(self._batches(lengths), lengths)

    def _batches(self, lengths: Sequence[int]) -> list[list[int]]:
        return similar_length_batches(lengths, self.max_batch_samples)

    def _encode(self, audio: list[np.ndarray]) -> list[np.ndarray]:
        lengths = torch.tensor([wave.size for wave in audio], device=self._device)
        longest = max(wave.size for wave in audio)
        padded = np.stack(
            [np.pad(self._prepared(wave), (0, longest - wave.size)) for wave in audio]
        )
        valid = torch.arange(longest, device=self._device)[None] < lengths[:, None]
        self._norm.num_samples = [wave.size for wave in audio]
        with warnings.catch_warnings():  # of the library's two masks of different types
            warnings.filterwarnings("ignore", message="Support for mismatched key_padding_mask")
            output = self._model(
                torch.from_numpy(padded).to(self._device, self._dtype),
                # Where nothing is filled up there is nothing to mask, and a mask costs time.
                attention_mask=None if bool(valid.all()) else valid.long(),
                output_hidden_states=self._mixes,
            )
        # By its version, the library's own last one is before or behind `large`'s final norm.
        before = output.hidden_states[:-1] if self._mixes else ()
        hidden = torch.cat([*before, output.last_hidden_state], dim=-1).float().cpu().numpy()
        counts = [self._num_frames(wave.size) for wave in audio]
        return [clip[:count].copy() for clip, count in zip(hidden, counts, strict=True)]

    def _prepared(self, waveform: np.ndarray) -> np.ndarray:
        if not self._normalises:
            return waveform
        normalised: np.ndarray = (waveform - waveform.mean()) / np.sqrt(waveform.var() + 1e-7)
        return normalised

    def _num_frames(self, samples: int) -> int:
        architecture = self._model.config
        pairs = zip(architecture.conv_kernel, architecture.conv_stride, strict=True)
        for kernel, stride in pairs:
            samples = (samples - kernel) // stride + 1
        return samples


class _OwnFramesNorm(nn.Module):
    """The first layer's group norm, over the frames of each waveform and not what fills it up."""

    def __init__(self, norm: nn.GroupNorm, kernel: int, stride: int) -> None:
        super().__init__()
        self.norm = norm
        self.kernel = kernel
        self.stride = stride
        self.num_samples: list[int] = []
        """Of each waveform of the batch to come."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Return what `(B, C, L)` is normalised to; frames behind a waveform's own are left."""
        counts = [(samples - self.kernel) // self.stride + 1 for samples in self.num_samples]
        if set(counts) == {hidden.shape[-1]}:
            normalised: Tensor = self.norm(hidden)
            return normalised
        for row, count in zip(hidden, counts, strict=True):
            row[:, :count] = self.norm(row[None, :, :count])[0]
        return hidden


def _norm_over_own_frames(model: WavLMModel) -> _OwnFramesNorm:
    """Put the norm into the first layer; where that has another norm, it is not in use."""
    architecture = model.config
    norm = _OwnFramesNorm(
        nn.GroupNorm(1, 1), architecture.conv_kernel[0], architecture.conv_stride[0]
    )
    first: Any = model.feature_extractor.conv_layers[0]
    if architecture.feat_extract_norm == "group":
        norm.norm = first.layer_norm
        first.layer_norm = norm
    return norm


def _random_model(config: WavLMConfig) -> WavLMModel:
    sizes = {"tiny": _tiny, "base": WavLMArchitecture, "large": _large}
    assert config.random_size is not None
    architecture = sizes[config.random_size]()
    with seeded(config.random_seed):
        return WavLMModel(architecture)


def _tiny() -> WavLMArchitecture:
    """Return a small WavLM: frames of 25 ms every 20 ms as published, 6 ms for 3 s on one core."""
    return WavLMArchitecture(
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        conv_dim=(32, 32, 64),
        conv_kernel=(10, 8, 5),
        conv_stride=(10, 8, 4),
        num_conv_pos_embeddings=32,
        num_conv_pos_embedding_groups=4,
        num_buckets=64,
        max_bucket_distance=200,
    )


def _large() -> WavLMArchitecture:
    return WavLMArchitecture(
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
    )


def _published_model(folder: Path) -> tuple[WavLMModel, bool]:
    model = load_pretrained(WavLMModel, folder, optional=_TRAINING_ONLY)
    if model.config.add_adapter:
        raise ModelError(
            f"{folder} is a WavLM with an adapter, whose frames are not the last layer's; "
            "give a WavLM without one, such as microsoft/wavlm-base-plus"
        )
    return model, _wants_normalised_audio(model, folder)


def _wants_normalised_audio(model: WavLMModel, folder: Path) -> bool:
    """Whether the weights were trained on waveforms of mean 0 and variance 1 (only `large` was)."""
    preprocessor = preprocessor_config(folder)
    if preprocessor is not None and "do_normalize" in preprocessor:
        return bool(preprocessor["do_normalize"])
    normalises = bool(model.config.feat_extract_norm == "layer")
    logger.warning(
        "%s has no preprocessor_config.json with do_normalize: audio is %s, as in the published "
        "models with %s norm",
        folder,
        "normalised" if normalises else "taken as it is",
        model.config.feat_extract_norm,
    )
    return normalises


def _receptive_field(architecture: WavLMArchitecture) -> int:
    """Return how many samples the first frame needs (400 as published)."""
    samples = 1
    pairs = zip(architecture.conv_kernel, architecture.conv_stride, strict=True)
    for kernel, stride in reversed(list(pairs)):
        samples = (samples - 1) * stride + kernel
    return samples
