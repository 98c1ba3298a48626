"""`--probe`: makes a few steps of the trainings whose time no artifact tells."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from audiomotion.cli.console import errors
from audiomotion.config.runtime import Runtime
from audiomotion.errors import ModelError
from audiomotion.orchestrate.forecast import Forecast
from audiomotion.orchestrate.pace import Timed, Unit, Work, work_of
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage

_MOST_SECONDS = 10.0
"""Of steps for one pace: trainings that differ in nothing that decides it are measured once."""


def probe_unknown(
    plan: Plan, cost: Forecast, store: ArtifactStore, runtime: Runtime
) -> list[Timed]:
    """Measure the trainings of a plan whose time is not known, or known roughly.

    Nothing is published: the steps are made on data of the right shape, made up where the features
    are not there yet.

    Raises:
        ModelError: The device that is asked for is not there.
    """
    found = dict(_unmeasured(plan, cost))
    if not found:
        return []
    device = _device(runtime)
    return [
        _probe(stage, work, store, device, runtime.resources(stage.name).num_threads)
        for work, stage in found.values()
    ]


def _unmeasured(plan: Plan, cost: Forecast) -> Iterator[tuple[str, tuple[Work, AnyStage]]]:
    """Yield the trainings to measure, by their pace; others of a pace take its place."""
    for key, estimate in cost.estimates.items():
        stage = plan.stages[key]
        work = work_of(stage.identity())
        if estimate.basis in ("unknown", "rough") and work.epoch:
            yield f"{stage.name} {work.pace}", (work, stage)


def _device(runtime: Runtime) -> str:
    import torch

    device = runtime.settled(has_gpu=torch.cuda.is_available()).device
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("--probe: runtime.device is cuda, but torch sees no GPU here")
    return device


def _probe(stage: AnyStage, work: Work, store: ArtifactStore, device: str, threads: int) -> Timed:
    from audiomotion.bench.steps import probe_step

    features = stage.inputs.get("features")
    seconds = probe_step(
        stage, _folder(features, store) if features else None, device, threads, _MOST_SECONDS
    )
    errors.say(f"probed {stage.name}: a step takes {seconds:.3g} s on {device}")
    work = replace(work, amounts=_amounts(stage, store))
    return Timed(work, seconds, device, threads, probed=True)


def _amounts(stage: AnyStage, store: ArtifactStore) -> dict[Unit, float]:
    """Return one step, and the epochs that it is, where the data set is there to be counted."""
    from audiomotion.bench.synthetic import num_examples

    training = stage.config.training
    amounts: dict[Unit, float] = {"steps": 1.0}
    if training.epochs is None:
        return amounts
    dataset = _folder(stage.inputs["dataset"], store)
    if dataset is None:
        errors.say(
            f"{stage.name}: how many steps {training.epochs} epochs have is not known before the "
            "data set is there; --only dataset makes it"
        )
        return amounts
    amounts["epochs"] = training.epochs / training.num_steps(num_examples(stage, dataset))
    return amounts


def _folder(stage: AnyStage, store: ArtifactStore) -> Path | None:
    """Return the folder of an artifact; None where it is not there."""
    return store.fetch(stage) if store.find(stage) else None
