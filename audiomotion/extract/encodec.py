"""EnCodec: features of a neural audio codec."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from transformers import EncodecConfig as EncodecArchitecture
from transformers import EncodecModel

from audiomotion.config.extractors import EncodecConfig
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
from audiomotion.pretrained.loading import load_pretrained
from audiomotion.speech.resample import resample

_CODEC_HZ: Final = 24_000

_GRID_FRAMES: Final = 30
"""Waveforms are filled with zeros up to multiples of 0.4 s.

Each layer mirrors its first 6 steps in front of its input, so that below 7 frames what is filled in
reaches the frames: it must be the same in every batch. And a CPU prepares kernels anew for each
length.
"""

_CODEBOOK_SHRINKAGE: Final = 0.7
"""What a random codebook leaves of the spread: without training it cannot leave less."""

_NEEDED: Final = {
    "sampling_rate": _CODEC_HZ,
    "audio_channels": 1,
    "use_causal_conv": True,
    "normalize": False,
    "norm_type": "weight_norm",
}
"""What tells the 24 kHz model from the 48 kHz one; padding below relies on the causal layers."""


class Encodec(Extractor):
    """Output of EnCodec's encoder, 75 frames a second, audio brought to 24 kHz.

    `embeddings`: before quantization. `codes`: what the decoder is given, the sum of the chosen
    vectors of the first codebooks, as many as `bandwidth_kbps` pays for. (The codes' numbers would
    be no features: neighbouring ones have nothing in common, and half precision is exact only up to
    2048.)

    Batches hold waveforms of any length: the encoder is causal, so that the length filled up behind
    a waveform never reaches its frames. With `codes` each waveform is a batch of its own, since a
    rounding error at the border of two codes would change the code.

    Deviation: a last, incomplete frame (under 1/75 s) is filled with zeros instead of the audio's
    mirror image, which would depend on how the waveform is padded.

    In bfloat16 the error's RMS is under 2 % of the features' (measured on `tiny` random weights:
    1.4 %).
    Of `codes` it is 25 %, since some frames get other codes; quantization itself is float32.
    """

    def __init__(self, config: EncodecConfig, device: str = "cpu") -> None:
        if config.weights == "random":
            model = _random_model(config)
        else:
            model = _published_model(weights_folder(config))
        self._encoder: nn.Module = frozen(model.encoder, device, config.precision)
        self._quantizer: nn.Module | None = None
        if config.output == "codes":
            self._quantizer = frozen(model.quantizer, device)
            self._bandwidth = _checked_bandwidth(config, model)
        self._device = device
        self._dtype = getattr(torch, config.precision)
        self.max_batch_samples = default_batch_samples(device)
        self._hop = model.config.hop_length
        self.feature_dim = model.config.hidden_size
        self.frame_hz = _CODEC_HZ / self._hop

    def extract(self, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the encoder's output `(L, F)`, quantized or not, of each waveform."""
        audio = [resample(wave, SAMPLE_HZ, _CODEC_HZ) for wave in checked_waveforms(waveforms)]
        lengths = [math.ceil(wave.size / self._hop) for wave in audio]
        frames: list[np.ndarray] = [np.empty(0)] * len(audio)
        with exact_inference():
            for batch in self._batches([wave.size for wave in audio]):
                encoded = self._encode([audio[place] for place in batch])
                for place, clip in zip(batch, encoded, strict=True):
                    frames[place] = clip[: lengths[place]].copy()
        return frames

    def computed_samples(self, lengths: Sequence[int]) -> int:
        """Return the samples of all batches, those that fill up to the grid included."""
        resampled = [math.ceil(length * _CODEC_HZ / SAMPLE_HZ) for length in lengths]
        grid = _GRID_FRAMES * self._hop
        whole = [math.ceil(length / grid) * grid for length in resampled]
        return padded_size(self._batches(resampled), whole) * SAMPLE_HZ // _CODEC_HZ

    def _batches(self, lengths: Sequence[int]) -> list[list[int]]:
        """Return batches of waveforms of `lengths` samples at the codec's rate."""
        limit = 1 if self._quantizer else self.max_batch_samples
        return similar_length_batches(lengths, limit)

    def _encode(self, audio: list[np.ndarray]) -> np.ndarray:
        grid = _GRID_FRAMES * self._hop
        whole = math.ceil(max(wave.size for wave in audio) / grid) * grid
        padded = np.stack([np.pad(wave, (0, whole - wave.size)) for wave in audio])
        waveforms = torch.from_numpy(padded).to(self._device, self._dtype)
        embeddings = self._encoder(waveforms[:, None]).float()
        encoded: np.ndarray = self._quantized(embeddings).transpose(1, 2).cpu().numpy()
        return encoded

    def _quantized(self, embeddings: Tensor) -> Tensor:
        """Return embeddings `(B, F, L)`, or the sum of the codebook vectors chosen for them."""
        if self._quantizer is None:
            return embeddings
        quantizer: Any = self._quantizer
        quantized: Tensor = quantizer.decode(quantizer.encode(embeddings, self._bandwidth))
        return quantized


def _checked_bandwidth(config: EncodecConfig, model: EncodecModel) -> float:
    allowed = model.config.target_bandwidths
    if config.bandwidth_kbps not in allowed:
        named = ", ".join(f"{kbps:g}" for kbps in allowed)
        raise ModelError(
            f"extractor.bandwidth_kbps: {config.weights} has no bandwidth of "
            f"{config.bandwidth_kbps:g} kbit/s; choose one of {named}"
        )
    return config.bandwidth_kbps


def _random_model(config: EncodecConfig) -> EncodecModel:
    architecture = _tiny() if config.random_size == "tiny" else EncodecArchitecture()
    with seeded(config.random_seed):
        model = EncodecModel(architecture)
        _pass_signal(model.encoder)
        if config.output == "codes":
            _draw_codebooks(model)
    return model


def _tiny() -> EncodecArchitecture:
    """Return a small EnCodec: 75 frames a second as published, 9 ms for 3 s on one core.

    It shortens by 8 first, not last: most of the published order's work is at the full rate.
    """
    return EncodecArchitecture(
        num_filters=4,
        hidden_size=64,
        num_lstm_layers=1,
        use_conv_shortcut=False,
        upsampling_ratios=(2, 4, 5, 8),
    )


def _pass_signal(encoder: nn.Module) -> None:
    """Give every random filter length 1 and no bias.

    As initialised, each layer shrinks its input and adds a constant: after 15 layers the constants
    are 50 times what is left of the audio.
    """
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if name.endswith("conv.bias"):
                parameter.zero_()
            elif name.endswith("parametrizations.weight.original0"):
                parameter.fill_(1)


def _draw_codebooks(model: EncodecModel) -> None:
    """Draw codebooks as wide as the encoder's output, each narrower than the one before.

    As initialised they are zero, and so would be every feature.
    """
    noise = 0.1 * torch.randn(1, 1, _GRID_FRAMES * model.config.hop_length)
    with exact_inference():
        spread = float(model.encoder.eval()(noise).std())
    layers: Any = model.quantizer.layers
    for place, layer in enumerate(layers):
        layer.codebook.embed.normal_(std=spread * _CODEBOOK_SHRINKAGE**place)


def _published_model(folder: Path) -> EncodecModel:
    model = load_pretrained(EncodecModel, folder)
    found = {key: getattr(model.config, key) for key in _NEEDED}
    wrong = {key: value for key, value in found.items() if value != _NEEDED[key]}
    if wrong:
        raise ModelError(
            f"{folder} is an EnCodec with {wrong}; this extractor needs the mono 24 kHz model, "
            "facebook/encodec_24khz"
        )
    return model
