"""The same clips, answered by every arm: what the viewer of a report shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import Variant
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.ragged import Ragged
from audiomotion.files import read_json
from audiomotion.motion.representation import features_to_joints
from audiomotion.motion.skeleton import Skeleton
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.page.wordings import Wording, Wordings
from audiomotion.stages.results import EXAMPLES

NUM_SCENES: Final = 6

Joints = NDArray[np.float32]
"""`(N, J, 3)` in metres, Y up, from the origin on, facing +z at first."""


@dataclass(frozen=True)
class Answer:
    """What one arm generated."""

    joints: Joints
    asked: Wording
    heard: str = ""
    """What a cascade read instead: the words that its recognizer heard."""


@dataclass(frozen=True)
class Scene:
    """One clip, how it was asked for, its real motion, and what the arms made of it."""

    clip: str
    skeleton: Skeleton
    wordings: Sequence[Wording]
    """What was asked for first; then the same caption in other variants that the launch uses."""
    real: Joints
    answers: Mapping[str, Answer]
    """By arm; an arm that kept no motion of this clip is not in it."""


def shown_arms(record: RunRecord) -> dict[str, ArmRecord]:
    """Return the arms whose motions are shown, each by its first seed that has a result."""
    found: dict[str, ArmRecord] = {}
    for arm in record.arms:
        if arm.status == "done" and "evaluation" in arm.fingerprints:
            found.setdefault(arm.arm, arm)
    return found


def scenes_of(record: RunRecord, artifacts: Path) -> list[Scene]:
    """Return a few clips that the arms of a launch kept motions of, those of most arms first.

    Args:
        record: The launch.
        artifacts: Folder `artifacts` of the store, with examples, data sets and wordings.
    """
    arms = {name: _Kept(arm, artifacts) for name, arm in shown_arms(record).items()}
    datasets = {
        key: MotionDataset(artifacts / "dataset" / key)
        for key in dict.fromkeys(kept.dataset for kept in arms.values())
    }
    wordings = Wordings(record, artifacts)
    variants = _variants(record)
    return [
        _scene(datasets[dataset], clip, arms, wordings, variants)
        for dataset, clip in _clips(list(arms.values()))
    ]


class _Kept:
    """The motions to look at that the evaluation of one arm left."""

    def __init__(self, arm: ArmRecord, artifacts: Path) -> None:
        self.arm = arm
        self.dataset = arm.fingerprints.get("dataset", "")
        self.places: dict[int, tuple[int, str]] = {}
        self._folder = artifacts / "evaluation" / arm.fingerprints["evaluation"]
        if (self._folder / EXAMPLES).exists():
            for place, example in enumerate(read_json(self._folder / EXAMPLES)):
                self.places.setdefault(int(example["clip"]), (place, str(example["text"])))

    def motion(self, place: int) -> NDArray[np.float32]:
        """Return a generated motion `(N, P)`."""
        return np.array(Ragged.open(self._folder, "examples")[place], np.float32)


def _clips(arms: Sequence[_Kept]) -> list[tuple[str, int]]:
    """Return data set and clip of each scene, in the order in which they were kept."""
    counts: dict[tuple[str, int], int] = {}
    for kept in arms:
        for clip in kept.places:
            counts[kept.dataset, clip] = counts.get((kept.dataset, clip), 0) + 1
    order = list(counts)
    chosen = sorted(order, key=lambda item: -counts[item])[:NUM_SCENES]
    return sorted(chosen, key=order.index)


def _variants(record: RunRecord) -> list[Variant]:
    """Return the variants that the launch trains or tests on."""
    names: Iterator[Variant] = (
        arm.experiment[key] for arm in record.arms for key in ("test_variant", "train_variant")
    )
    return list(dict.fromkeys(names))


def _scene(
    dataset: MotionDataset,
    clip: int,
    arms: Mapping[str, _Kept],
    wordings: Wordings,
    variants: Sequence[Variant],
) -> Scene:
    answers = {}
    for name, kept in arms.items():
        if kept.dataset == dataset.folder.name and clip in kept.places:
            place, text = kept.places[clip]
            asked = wordings.asked(dataset, clip, text, kept.arm.experiment["test_variant"])
            joints = in_metres(kept.motion(place), dataset.skeleton)
            answers[name] = Answer(joints, asked, wordings.heard(kept.arm, dataset, clip, asked))
    told = list(dict.fromkeys(answer.asked for answer in answers.values()))
    for variant in variants:
        if variant not in {one.variant for one in told}:
            other = wordings.otherwise(dataset, clip, told[0], variant)
            told += [other] if other else []
    real = in_metres(np.array(dataset.features[clip], np.float32), dataset.skeleton)
    return Scene(dataset.clips[clip].name, dataset.skeleton, told, real, answers)


def in_metres(features: NDArray[np.float32], skeleton: Skeleton) -> Joints:
    """Return the joints `(N, J, 3)` that features `(N, P)` describe."""
    return features_to_joints(features, skeleton) / np.float32(skeleton.units_per_metre)
