"""How long things are in a data set: clips, captions, speech, and audio features (figure 2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import Experiment, Variant
from audiomotion.data.dataset import ClipRecord
from audiomotion.data.ragged import Ragged
from audiomotion.data.tagging import tokenize
from audiomotion.data.utterances import INDEX, Utterances
from audiomotion.files import read_json
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage
from audiomotion.stages.results import FEATURES
from audiomotion.stages.system import SystemStages

VARIANTS: tuple[Variant, ...] = get_args(Variant)

_PERCENTILES = (5, 25, 50, 75, 95)
_NUM_BINS = 48


@dataclass(frozen=True, eq=False)
class Distribution:
    """Lengths of many things, at least one."""

    values: NDArray[np.float64]

    def record(self) -> dict[str, Any]:
        """Return the figures for a JSON file, a histogram among them."""
        counts, edges = np.histogram(self.values, bins=self.bins())
        percentiles = np.percentile(self.values, _PERCENTILES)
        return {
            "count": len(self.values),
            "mean": float(self.values.mean()),
            "std": float(self.values.std()),
            "min": float(self.values.min()),
            "max": float(self.values.max()),
            "percentiles": dict(zip(map(str, _PERCENTILES), percentiles.tolist(), strict=True)),
            "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
        }

    def bins(self, others: "Iterable[Distribution]" = ()) -> NDArray[np.float64]:
        """Return the edges of a histogram that holds these values and those of others.

        Whole numbers in a small range have a bin each, centred on them.
        """
        values = np.concatenate([self.values, *(other.values for other in others)])
        low, high = float(values.min()), float(values.max())
        if (values == np.round(values)).all():
            step = max(1, int(np.ceil((high - low + 1) / _NUM_BINS)))
            return np.arange(low - 0.5, high + step, step)
        return np.linspace(low, high if high > low else low + 1.0, _NUM_BINS + 1)


@dataclass(frozen=True)
class Lengths:
    """What is known of the lengths in one data set."""

    dataset: str
    extractor: str
    """Name of the extractor, with its weights."""
    frame_hz: float | None
    """Feature frames a second, None where there are no features."""
    clip_seconds: Distribution
    caption_words: Mapping[Variant, Distribution]
    audio_seconds: Mapping[Variant, Distribution] = field(default_factory=dict)
    feature_frames: Mapping[Variant, Distribution] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    """What is not in the store, and what makes it."""

    def record(self) -> dict[str, Any]:
        """Return all figures for a JSON file."""
        by_variant = {
            key: {variant: lengths.record() for variant, lengths in getattr(self, key).items()}
            for key in ("caption_words", "audio_seconds", "feature_frames")
        }
        return {
            "dataset": self.dataset,
            "extractor": self.extractor,
            "frame_hz": self.frame_hz,
            "clip_seconds": self.clip_seconds.record(),
            **by_variant,
            "missing": list(self.missing),
        }


def measure_lengths(
    experiment: Experiment, store: ArtifactStore, clips: Sequence[ClipRecord], fps: float
) -> Lengths:
    """Measure the clips of a data set, and of its speech and features what is stored.

    Args:
        experiment: Names the data set, the voices and the extractor; its raw files' fingerprint is
            filled in.
        store: Where speech and features are looked for, of both variants.
        clips: All clips of the data set.
        fps: Their frame rate.
    """
    audio: dict[Variant, Distribution] = {}
    frames: dict[Variant, Distribution] = {}
    frame_hz, weights, missing = None, "", []
    words = {variant: _words(clips, variant) for variant in VARIANTS}
    for variant, lengths in words.items():
        if lengths is None:
            missing.append(
                f"{variant}: the data set has no captions of this kind (`amx data oral`)"
            )
            continue
        stages = _stages(experiment, variant)
        if (folder := _found(store, stages["speak"], INDEX)) is None:
            missing.append(_not_stored("speech", "speak", variant, experiment))
        else:
            seconds = [utterance.seconds for utterance in Utterances(folder).records]
            audio[variant] = Distribution(np.array(seconds, np.float64))
        if (folder := _found(store, stages["features"], "features.npz", FEATURES)) is None:
            missing.append(_not_stored("features", "features", variant, experiment))
        else:
            lengths_ = Ragged.open_index(folder, "features").lengths
            frames[variant] = Distribution(lengths_.astype(np.float64))
            record = read_json(folder / FEATURES)
            frame_hz = record["frame_hz"]
            weights = "" if record["weights"] == "none" else f" ({record['weights']})"
    return Lengths(
        dataset=experiment.dataset.label,
        extractor=f"{experiment.extractor.name}{weights}",
        frame_hz=frame_hz,
        clip_seconds=Distribution(np.array([clip.num_frames for clip in clips]) / fps),
        caption_words={variant: found for variant, found in words.items() if found is not None},
        audio_seconds=audio,
        feature_frames=frames,
        missing=tuple(missing),
    )


def dataset_stage(experiment: Experiment) -> AnyStage:
    """Return the stage that leaves the experiment's data set."""
    return _stages(experiment, "original")["dataset"]


def _stages(experiment: Experiment, variant: Variant) -> dict[str, AnyStage]:
    """Return data set, speech and features of one variant, by the name of the stage."""
    heard = experiment.model_copy(
        update={"train_variant": variant, "test_variant": variant, "condition": "audio"}
    )
    return {stage.name: stage for stage in SystemStages(heard).evaluation.upstream()}


def _found(store: ArtifactStore, stage: AnyStage, *names: str) -> Path | None:
    """Return the folder of an artifact, with these of its files on this machine."""
    if store.find(stage) is None:
        return None
    store.fetch_files([(stage.name, stage.fingerprint)], names)
    return store.folder(stage)


def _words(clips: Sequence[ClipRecord], variant: Variant) -> Distribution | None:
    counts = [
        len(tokenize(text))
        for clip in clips
        for caption in clip.captions
        for text in caption.texts(variant)
    ]
    return Distribution(np.array(counts, np.float64)) if counts else None


def _not_stored(what: str, command: str, variant: Variant, experiment: Experiment) -> str:
    return (
        f"{variant}: no {what} in the store; made by `amx data {command} --dataset "
        f"{experiment.name}`, or by `amx train {experiment.name} --set test_variant={variant}`"
    )
