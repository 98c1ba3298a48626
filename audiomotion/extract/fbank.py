"""Kaldi's log-mel filterbank as ImageBind uses it."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from audiomotion.extract.base import SAMPLE_HZ
from audiomotion.extract.mel import mel_filters

FRAME_SAMPLES: Final = 400
"""Samples of one frame (25 ms)."""

HOP_SAMPLES: Final = 160
"""Samples between frames (10 ms)."""

NUM_MELS: Final = 128
LOW_HZ: Final = 20.0
PRE_EMPHASIS: Final = 0.97
FLOOR: Final = 1.1920929e-07
_FFT_SIZE: Final = 512


class KaldiFbank(nn.Module):
    """Waveforms to log mel energies, as Kaldi computes them without dither and energy.

    25 ms frames every 10 ms, only whole ones; each frame loses its mean, is pre-emphasised (its
    first sample against itself) and weighted with a symmetric Hann window; power spectrum, 128
    triangles from 20 Hz to 8 kHz, natural logarithm.
    """

    window: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        window = torch.hann_window(FRAME_SAMPLES, periodic=False)
        filters = mel_filters(NUM_MELS, _FFT_SIZE, SAMPLE_HZ, LOW_HZ, SAMPLE_HZ / 2)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", torch.from_numpy(filters).T.contiguous(), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return `(B, 128, 1 + (S - 400) // 160)` of waveforms `(B, S)` with S >= 400."""
        frames = waveforms.unfold(-1, FRAME_SAMPLES, HOP_SAMPLES)
        frames = frames - frames.mean(-1, keepdim=True)
        before = torch.cat([frames[..., :1], frames[..., :-1]], dim=-1)
        frames = (frames - PRE_EMPHASIS * before) * self.window
        frames = functional.pad(frames, (0, _FFT_SIZE - FRAME_SAMPLES))
        power = torch.fft.rfft(frames).abs().square()
        energies: Tensor = power @ self.filters
        return energies.clamp_min(FLOOR).log().transpose(1, 2)
