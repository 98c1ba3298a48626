"""What every command that runs stages does first: fingerprint the data, choose an executor."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from audiomotion.cli.console import errors
from audiomotion.cli.options import ExecutorName
from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import ResolvedArm
from audiomotion.config.runtime import Runtime
from audiomotion.errors import AudiomotionError
from audiomotion.orchestrate.contents import with_imported, with_weights
from audiomotion.orchestrate.executor import Executor
from audiomotion.orchestrate.raw_data import with_data
from audiomotion.orchestrate.store import ArtifactStore


def with_contents(
    arms: Sequence[ResolvedArm], store: ArtifactStore, data_root: Path | None, *, dry_run: bool
) -> list[tuple[str, Experiment]]:
    """Return the experiments with digests of their data and weights.

    A dry run says what is missing, once, and does without.
    """
    cache = None if dry_run else store.cache
    fills: Sequence[Callable[[Experiment], Experiment]] = (
        partial(with_data, store=store, data_root=data_root, cache=cache),
        partial(with_weights, cache=cache),
        partial(with_imported, store=store),
    )
    missing: dict[str, None] = {}

    def filled(experiment: Experiment) -> Experiment:
        for fill in fills:
            try:
                experiment = fill(experiment)
            except AudiomotionError as error:
                if not dry_run:
                    raise
                missing[str(error)] = None
        return experiment

    found = [(arm.name, filled(arm.experiment)) for arm in arms]
    for problem in missing:
        errors.say(f"{problem}; planning as if nothing were cached")
    return found


def make_executor(
    name: ExecutorName, store: ArtifactStore, data_root: Path | None, runtime: Runtime
) -> Executor:
    """Return what runs the stages; nothing starts yet."""
    if name is ExecutorName.local:
        from audiomotion.orchestrate.local import LocalExecutor

        return LocalExecutor(store, data_root, runtime)
    from audiomotion.orchestrate.ray_executor import RayExecutor

    return RayExecutor(store, data_root, runtime)
