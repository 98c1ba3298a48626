"""Stage `speaker_probe`: whether a condition still tells who spoke, or the features alone do.

Source: Sec. 3.2 (the memory is there so that what is weakly related to motion, such as who speaks,
does not reach the condition).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from audiomotion.config.speaker_probe import SpeakerProbeConfig
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.ragged import Ragged
from audiomotion.data.utterances import RECORDED, Utterance, Utterances
from audiomotion.errors import DataError
from audiomotion.evaluate.clip_split import test_clips
from audiomotion.evaluate.linear_probe import Labelled, choose_l2, fit_probe
from audiomotion.evaluate.metrics.accuracy import bootstrap_balanced_accuracy, wilson
from audiomotion.files import write_json
from audiomotion.models.padding import pad
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import SpeakerProbeStage
from audiomotion.stages.loading import load_masked
from audiomotion.stages.results import SPEAKER

_UTTERANCES_A_BATCH: Final = 64
_FEWEST_CLIPS: Final = 4
"""Clips of a voice below which it is left out: some to fit to, some to judge by."""


def probe_speaker(stage: SpeakerProbeStage, context: StageContext) -> None:
    """Write how well a linear probe tells the voices, and what it was given.

    Raises:
        DataError: Fewer than two voices speak enough of the clips.
    """
    config = stage.config.probe
    heard = _Heard(config, context)
    vectors = _conditions(stage, heard, context) if "masked" in stage.inputs else _summaries(heard)
    data = Labelled(vectors, heard.classes, heard.clips)
    write_json(context.output / SPEAKER, heard.facts() | _judged(data, len(heard.voices), config))


class _Heard:
    """The utterances that are probed, with their voices."""

    def __init__(self, config: SpeakerProbeConfig, context: StageContext) -> None:
        self.features = Ragged.open(context.inputs["features"], "features")
        clips = MotionDataset(context.inputs["dataset"]).split(config.split)
        split = {clip.index for clip in clips}
        records = Utterances(context.inputs["speak"]).records
        found = [(number, one) for number, one in enumerate(records) if one.clip in split]
        drawn = _drawn([one for one in found if one[1].voice != RECORDED], config)
        self.voices, chosen = _enough(drawn)
        if len(self.voices) < 2:
            raise DataError(_too_few(config.split, drawn))
        self.num_left_out = len(found) - len(chosen)
        self.numbers = [number for number, _ in chosen]
        self.clips = np.array([one.clip for _, one in chosen], np.int64)
        self.classes = np.array([self.voices.index(one.voice) for _, one in chosen], np.int64)

    def facts(self) -> dict[str, Any]:
        """Return what was heard."""
        return {
            "voices": self.voices,
            "num_voices": len(self.voices),
            "num_clips": len(set(self.clips.tolist())),
            "num_utterances": len(self.numbers),
            "num_left_out": self.num_left_out,
        }


Spoken = Sequence[tuple[int, Utterance]]
"""Number and record of utterances."""


def _enough(spoken: Spoken) -> tuple[list[str], Spoken]:
    """Return the voices that speak enough clips, and what they speak."""
    clips: dict[str, set[int]] = {}
    for _, one in spoken:
        clips.setdefault(one.voice, set()).add(one.clip)
    voices = sorted(voice for voice, own in clips.items() if len(own) >= _FEWEST_CLIPS)
    return voices, [(number, one) for number, one in spoken if one.voice in voices]


def _too_few(split: str, spoken: Spoken) -> str:
    voices = sorted({one.voice for _, one in spoken})
    what = "raise" if len(voices) < 2 else "lower"
    return (
        f"a speaker probe needs at least 2 voices of {_FEWEST_CLIPS} clips each; in the split "
        f"{split!r} {len(voices)} ({', '.join(voices) or 'none'}) speak {len(spoken)} utterances; "
        f"{what} speech.num_voices, or probe a larger split"
    )


def _drawn(spoken: Spoken, config: SpeakerProbeConfig) -> Spoken:
    """Return at most so many utterances, clip by clip in a random order; sorted by number."""
    order = sorted(
        spoken, key=lambda one: (derive_seed(config.seed, "probed", one[1].clip), one[0])
    )
    return sorted(order[: config.max_utterances], key=lambda one: one[0])


def _summaries(heard: _Heard) -> NDArray[np.float64]:
    """Return mean and standard deviation of each utterance's frames, `(n, 2 F)`.

    The mean alone is blind where features are normalised over the utterance.
    """
    rows = [np.asarray(heard.features[number], np.float64) for number in heard.numbers]
    return np.stack([np.concatenate([one.mean(axis=0), one.std(axis=0)]) for one in rows])


@torch.inference_mode()
def _conditions(
    stage: SpeakerProbeStage, heard: _Heard, context: StageContext
) -> NDArray[np.float64]:
    """Return the condition tokens of each utterance, side by side, `(n, C · D)`."""
    inputs = context.inputs
    model = load_masked(stage.inputs["masked"], inputs["masked"], inputs["features"])
    encoder = model.condition.to(context.device)
    # By length, so that little is filled up; a condition does not depend on its batch.
    order = sorted(
        range(len(heard.numbers)), key=lambda row: len(heard.features[heard.numbers[row]])
    )
    vectors: dict[int, NDArray[np.float64]] = {}
    for rows in _batches(order):
        features, valid = pad([heard.features[heard.numbers[row]] for row in rows])
        tokens = encoder(features.to(context.device), valid.to(context.device)).tokens
        vectors |= zip(rows, tokens.flatten(1).double().cpu().numpy(), strict=True)
        context.report(len(vectors), len(order), {})
    return np.stack([vectors[row] for row in range(len(order))])


def _batches(order: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(order), _UTTERANCES_A_BATCH):
        yield order[start : start + _UTTERANCES_A_BATCH]


def _judged(data: Labelled, num_voices: int, config: SpeakerProbeConfig) -> dict[str, Any]:
    """Fit to some clips; return how well the voices of the others are told."""
    held = test_clips(data.clips.tolist(), data.classes.tolist(), config.test_share, config.seed)
    fitted, judged = data.rows(~held), data.rows(held)
    l2 = choose_l2(fitted, num_voices, config.l2, config.test_share, config.seed)
    right = fit_probe(fitted, num_voices, l2).predict(judged.vectors) == judged.classes
    likeliest = int(np.bincount(fitted.classes, minlength=num_voices).argmax())
    balanced = bootstrap_balanced_accuracy(
        right, judged.classes, judged.clips, config.resamples, config.seed
    )
    return {
        "accuracy": asdict(wilson(int(right.sum()), len(right))),
        "balanced_accuracy": asdict(balanced),
        "chance": float(np.mean(judged.classes == likeliest)),
        "balanced_chance": 1 / num_voices,
        "num_judged_clips": len(set(judged.clips.tolist())),
        "num_judged_utterances": len(right),
        "l2": l2,
        "width": data.vectors.shape[1],
    }
