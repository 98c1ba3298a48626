"""The contract of every extractor, and what all of them share."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np

from audiomotion.config.extractors import ExtractorSchema
from audiomotion.config.schema import load_implementation
from audiomotion.errors import DataError, ModelError

SAMPLE_HZ: Final = 16_000
"""Samples a second of every waveform given to an extractor."""

_SILENCE: Final = 1e-4
"""Magnitude up to which a sample is silent: three steps of 16 bits, -80 dB."""
_MAX_PADDING: Final = 0.1
"""Largest share of a batch that only fills up its shorter members."""

_MAX_PEAK: Final = 100.0
"""Far above any overshoot of resampling: such samples were never scaled to [-1, 1]."""


class Extractor(ABC):
    """A frozen encoder: waveform `(S,)` to feature frames `(L, F)`.

    Frames are float32 and finite. A waveform's frames are the same (to 1e-4) whatever other
    waveforms come in the same call. Silence at a waveform's end is cut off, so that however much of
    it is appended changes nothing. What is then shorter than one frame is padded with zeros at its
    end, so that one sample already gives one frame.
    """

    feature_dim: int
    """Width F of a frame: of one layer, times `num_layers`."""

    num_layers: int = 1
    """Layers that stand side by side in a frame, the first layer's features first.

    Above 1 the consumer mixes them with learned weights: frames `(L, F)` are then
    `(L, num_layers, F / num_layers)`.
    """

    frame_hz: float
    """Frames a second; 0 where the number of frames does not follow the duration."""

    @abstractmethod
    def extract(self, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the frames `(L, F)` of each waveform.

        Args:
            waveforms: Float arrays `(S,)`, mono, 16 kHz, in [-1, 1].

        Raises:
            DataError: A waveform is empty, not mono, not of floats, or has NaN samples.
        """

    def computed_samples(self, lengths: Sequence[int]) -> int:
        """Return the samples that go through the model for waveforms given in one call.

        Those that fill up shorter waveforms of a batch count; what the published encoder itself
        fills up (the windows of Whisper and ImageBind) does not.

        Args:
            lengths: Samples S of each waveform.
        """
        return sum(lengths)


def build_extractor(config: ExtractorSchema, device: str = "cpu") -> Extractor:
    """Build the extractor that `config` names, with its weights on `device`.

    Raises:
        ModelError: The weights cannot be loaded.
    """
    extractor = load_implementation(config)(config, device)
    if not isinstance(extractor, Extractor):
        raise ModelError(
            f"extractor {config.name!r}: {config.implementation} is no Extractor; "
            "derive it from audiomotion.extract.base.Extractor"
        )
    return extractor


def checked_waveforms(waveforms: Sequence[np.ndarray], min_samples: int = 1) -> list[np.ndarray]:
    """Return the waveforms as float32, without silence at their end, at least `min_samples` long.

    Raises:
        DataError: As `Extractor.extract`; the message has the waveform's place in the call.
    """
    return [_checked(waveform, place, min_samples) for place, waveform in enumerate(waveforms)]


def _checked(waveform: np.ndarray, place: int, min_samples: int) -> np.ndarray:
    if waveform.ndim != 1 or waveform.size == 0 or not np.issubdtype(waveform.dtype, np.floating):
        raise DataError(
            f"waveform {place} is {waveform.dtype} of shape {waveform.shape}; give floats in "
            "[-1, 1] of shape (S,), mono, with at least one sample"
        )
    # One pass: a NaN or infinite sample makes the largest magnitude NaN or infinite.
    peak = float(np.max(np.abs(waveform)))
    if not np.isfinite(peak):
        bad = int(np.count_nonzero(~np.isfinite(waveform)))
        raise DataError(
            f"waveform {place} has {bad} NaN or infinite of {waveform.size} samples; every sample "
            "must lie in [-1, 1]; make the audio again"
        )
    if peak > _MAX_PEAK:
        raise DataError(
            f"waveform {place} reaches {peak:.0f}; samples must lie in [-1, 1]; "
            "divide 16-bit samples by 32768"
        )
    sounding = _without_silent_end(waveform)
    return np.pad(sounding.astype(np.float32), (0, max(0, min_samples - sounding.size)))


def _without_silent_end(waveform: np.ndarray) -> np.ndarray:
    """Return the waveform up to its last sample that is not silent, at least one sample."""
    sounding = np.flatnonzero(np.abs(waveform) > _SILENCE)
    return waveform[: sounding[-1] + 1 if sounding.size else 1]


def equal_length_batches(lengths: Sequence[int], max_samples: int) -> list[list[int]]:
    """Group the places of equal lengths; a batch has at most `max_samples`, or one place."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, length in enumerate(lengths):
        places[length].append(place)
    batches = []
    for length, group in places.items():
        size = max(1, max_samples // length)
        batches += [group[start : start + size] for start in range(0, len(group), size)]
    return batches


def similar_length_batches(lengths: Sequence[int], max_samples: int) -> list[list[int]]:
    """Group the places, shortest first.

    A batch, filled up to its longest, has at most `max_samples`, of which at most a tenth are
    filling; or it has one place.
    """
    batches: list[list[int]] = []
    total = 0
    for place in sorted(range(len(lengths)), key=lambda place: (lengths[place], place)):
        length = lengths[place]
        padded = (len(batches[-1]) + 1) * length if batches else 0
        if batches and padded <= max_samples and total + length >= (1 - _MAX_PADDING) * padded:
            batches[-1].append(place)
            total += length
        else:
            batches.append([place])
            total = length
    return batches


def padded_size(batches: Sequence[Sequence[int]], lengths: Sequence[int]) -> int:
    """Return the size of all batches, each filled up to the longest of its places."""
    return sum(len(batch) * max(lengths[place] for place in batch) for batch in batches)
