"""Running stages for their own sake, as a plan of `amx train` would run them, and without a record.

A later training finds their artifacts in the store.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.dry_run import expected_cost
from audiomotion.cli.execution import make_executor
from audiomotion.cli.options import ExecutorName
from audiomotion.cli.progress import ProgressDisplay
from audiomotion.config.runtime import Runtime
from audiomotion.errors import AudiomotionError, failure_with
from audiomotion.orchestrate.budget import GpuBudget
from audiomotion.orchestrate.failures import Failure
from audiomotion.orchestrate.plan import Fingerprint, Plan
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.stopping import terminated_as_interrupted
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage


def prepare(
    plan: Plan,
    store: ArtifactStore,
    data_root: Path | None,
    executor: ExecutorName,
    runtime: Runtime,
    budget: GpuBudget | None = None,
    *,
    retry_failed: bool = False,
) -> None:
    """Run the stages of a plan that are not in the store yet.

    A training that diverged is only run again with `retry_failed`.

    Raises:
        AudiomotionError: Some stage failed; the others are done, and the same command again runs
            only what is missing.
    """
    failures = run_plan(
        plan, store, data_root, executor, runtime, budget, retry_failed=retry_failed
    )
    _raise_for(list(failures.values()))


def run_plan(
    plan: Plan,
    store: ArtifactStore,
    data_root: Path | None,
    executor: ExecutorName,
    runtime: Runtime,
    budget: GpuBudget | None = None,
    *,
    retry_failed: bool = False,
) -> dict[Fingerprint, Failure]:
    """As `prepare`, but return why stages have no artifact, by their fingerprints."""
    store.prepare()
    cost = expected_cost(plan, store, runtime, executor)
    missing = [plan.stages[key] for key in cost.estimates]
    errors.say(f"{len(plan.stages)} stages, {len(missing)} to run; store {store.location}")
    for stage in missing if retry_failed else ():
        store.forget_verdict(stage.fingerprint)
    schedule = Schedule(missing, cost.seconds, limit=budget)
    with (
        terminated_as_interrupted(),
        ProgressDisplay(plan, store, len(missing), errors.quiet) as display,
    ):
        on_event = budget.watch(schedule, display) if budget else display
        make_executor(executor, store, data_root, runtime).run(schedule, on_event)
    return schedule.failures


def print_artifacts(stages: Sequence[AnyStage], store: ArtifactStore, *, as_json: bool) -> None:
    """Print where the artifacts of stages are."""
    rows = [
        {"stage": one.name, "fingerprint": one.fingerprint, "folder": store.place(one)}
        for one in stages
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    else:
        for row in rows:
            typer.echo(f"{row['stage']}: {row['folder']}")


def _raise_for(failures: Sequence[Failure]) -> None:
    distinct = {failure.stage.fingerprint: failure for failure in failures}
    if not distinct:
        return
    reasons = [f"{failure.stage.name}: {failure.reason}" for failure in distinct.values()]
    codes = {failure.exit_code for failure in distinct.values()}
    code = codes.pop() if len(codes) == 1 else AudiomotionError.exit_code
    raise failure_with(code, "\n".join(dict.fromkeys(reasons)))
