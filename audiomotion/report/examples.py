"""A few generated motions of an arm, drawn beside the real ones, to look at."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.ragged import Ragged
from audiomotion.files import read_json
from audiomotion.motion.drawing import draw_filmstrip
from audiomotion.motion.representation import features_to_joints
from audiomotion.orchestrate.records import ArmRecord
from audiomotion.stages.results import EXAMPLES

NUM_DRAWN = 3


def draw_examples(arm: ArmRecord, artifacts: Path, folder: Path) -> Iterator[Path]:
    """Draw the first generated motions that an evaluation kept, and the clips' real motion.

    Args:
        arm: An arm that has a result.
        artifacts: Folder `artifacts` of the store.
        folder: Where the PNG files go.

    Yields:
        Each file, `example-1-generated.png`, `example-1-real.png` and so on.
    """
    keys = arm.fingerprints
    evaluation = artifacts / "evaluation" / keys["evaluation"]
    if not (evaluation / EXAMPLES).exists():
        return
    dataset = MotionDataset(artifacts / "dataset" / keys["dataset"])
    generated = Ragged.open(evaluation, "examples")
    chosen = read_json(evaluation / EXAMPLES)[:NUM_DRAWN]
    for number, example in enumerate(chosen, 1):
        motions = {
            "generated": generated[number - 1],
            "real": dataset.features[example["clip"]],
        }
        for kind, features in motions.items():
            path = folder / f"example-{number}-{kind}.png"
            joints = features_to_joints(np.asarray(features, np.float32), dataset.skeleton)
            title = f"{kind} ({arm.arm}): “{example['text']}”" if kind == "generated" else kind
            draw_filmstrip(joints, dataset.skeleton, path, title)
            yield path
