"""How much a stage has to do, and what decides how fast it does it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from audiomotion.orchestrate.store import Artifact, ArtifactStore

Unit = Literal["steps", "repeats", "epochs", "stages"]

UNITS: tuple[Unit, ...] = ("steps", "repeats", "epochs", "stages")
"""What a stage is counted in, the most telling first; whole stages where nothing else counts."""

_WITHOUT_INFLUENCE = frozenset(
    (
        *("seed", "random_seed", "max_steps", "epochs", "repeats", "log_every", "checkpoint"),
        *("learning_rate", "warmup_steps", "lr_milestones", "lr_gamma", "betas", "weight_decay"),
        *("dropout", "block_dropout", "condition_drop_prob", "min_mask_ratio", "ema_decay"),
        *("commitment_weight", "position_weight", "margin", "temperature", "guidance_scale"),
    )
)
"""Keys that decide what is learned or how often a step is made, and not how long a step takes."""

_DATA = ("dataset", "speak", "features")
"""Inputs whose content decides the pace; weights of any values are as fast."""


@dataclass(frozen=True)
class Work:
    """What one stage has to do."""

    stage: str
    """Kind of stage."""

    pace: str
    """The part of the configuration that decides how long one step takes."""

    data: str
    """Fingerprints of the inputs that decide it too."""

    epoch: str
    """What decides the steps of an epoch; empty where none are made."""

    amounts: Mapping[Unit, float]
    """How much there is to do, in every unit that is known."""


def work_of(identity: Mapping[str, Any], num_steps: int | None = None) -> Work:
    """Return the work of a stage, given its identity or its artifact's manifest.

    Args:
        identity: As of `Stage.identity`.
        num_steps: Steps that were made, of a stage that has run.
    """
    stage, config, inputs = identity["stage"], identity["config"], identity["inputs"]
    training = _training(stage, config)
    amounts = _amounts(training, config, num_steps)
    told = {key: value for key, value in training.items() if key == "batch_size"}
    told["window"] = config.get("window_frames")
    return Work(
        stage=stage,
        pace=json.dumps(_telling(config), sort_keys=True),
        data=" ".join(inputs[role] for role in _DATA if role in inputs),
        epoch=f"{stage} {inputs.get('dataset')} {told}" if training else "",
        amounts=amounts,
    )


def _training(stage: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the training section; an empty one where nothing is trained."""
    section = config if "training" in config else config.get(stage)
    if not isinstance(section, Mapping) or section.get("weights") == "official":
        return {}
    found = section.get("training")
    return found if isinstance(found, Mapping) else {}


def _amounts(
    training: Mapping[str, Any], config: Mapping[str, Any], num_steps: int | None
) -> dict[Unit, float]:
    evaluation = config.get("evaluation")
    counts: dict[Unit, Any] = {
        "steps": training.get("max_steps") or (num_steps if training else None),
        "repeats": evaluation.get("repeats") if isinstance(evaluation, Mapping) else None,
        "epochs": training.get("epochs"),
    }
    known: dict[Unit, float] = {unit: float(count) for unit, count in counts.items() if count}
    return known or {"stages": 1.0}


def _telling(config: Any) -> Any:
    """Return a configuration without the keys that have no influence on the pace."""
    if not isinstance(config, dict):  # as pydantic and JSON have it
        return config
    kept = (key for key in config if key not in _WITHOUT_INFLUENCE)
    return {key: _telling(config[key]) for key in kept}


@dataclass(frozen=True)
class Timed:
    """How long some work took, and on what."""

    work: Work
    seconds: float
    device: str
    threads: int
    """Torch threads of all its workers."""

    probed: bool = False
    """Whether it was measured for the estimate, and left no artifact."""

    def seconds_a(self, unit: Unit) -> float | None:
        """Return the seconds of one unit; None where their number is not known."""
        amount = self.work.amounts.get(unit)
        return self.seconds / amount if amount else None


def recorded_times(store: ArtifactStore) -> Iterator[Timed]:
    """Yield what the stages whose artifacts are there took."""
    for artifact in store.artifacts():
        timed = _timed(artifact)
        if timed is not None:
            yield timed


def _timed(artifact: Artifact) -> Timed | None:
    manifest = artifact.manifest
    surroundings = manifest.get("environment", {})
    if "device" not in surroundings:
        return None
    return Timed(
        work=work_of(manifest, manifest.get("steps")),
        seconds=artifact.seconds,
        device=str(surroundings["device"]).partition(":")[0],
        threads=int(surroundings.get("threads", 1)) * int(surroundings.get("workers", 1)),
    )
