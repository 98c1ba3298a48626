"""What every command that runs stages does first: fingerprint the data, choose an executor."""

import os
from collections.abc import Sequence
from pathlib import Path

from audiomotion.cli.console import errors
from audiomotion.cli.options import ExecutorName
from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import ResolvedArm
from audiomotion.config.runtime import Runtime
from audiomotion.data.source import missing_data, with_content
from audiomotion.orchestrate.executor import Executor
from audiomotion.orchestrate.store import ArtifactStore


def with_data(
    arms: Sequence[ResolvedArm], store: ArtifactStore, data_root: Path | None, *, dry_run: bool
) -> list[tuple[str, Experiment]]:
    """Return the experiments with the fingerprint of their data; a dry run does without."""
    if dry_run:
        for problem in missing_data(arms[0].experiment.dataset, data_root):
            errors.say(f"{problem}; planning as if nothing were cached")
            return [(arm.name, arm.experiment) for arm in arms]
    cache = None if dry_run else store.cache
    return [(arm.name, with_content(arm.experiment, data_root, cache)) for arm in arms]


def make_executor(
    name: ExecutorName, store: ArtifactStore, data_root: Path | None, runtime: Runtime
) -> Executor:
    """Return what runs the stages; nothing starts yet."""
    if name is ExecutorName.local:
        from audiomotion.orchestrate.local import LocalExecutor

        return LocalExecutor(store.root, data_root, runtime)
    from audiomotion.orchestrate.ray_executor import RayExecutor

    if "RAY_ADDRESS" in os.environ:
        errors.say("RAY_ADDRESS is set but not followed: stages run on this machine")
    return RayExecutor(store.root, data_root, runtime)
