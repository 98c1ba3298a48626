"""Running stages for their own sake, as a plan of `amx train` would run them, and without a record.

A later training finds their artifacts in the store.
"""

from collections.abc import Sequence
from pathlib import Path

from audiomotion.cli.console import errors
from audiomotion.cli.execution import make_executor
from audiomotion.cli.options import ExecutorName
from audiomotion.cli.progress import ProgressDisplay
from audiomotion.config.runtime import Runtime
from audiomotion.errors import AudiomotionError
from audiomotion.orchestrate.estimates import recorded_seconds
from audiomotion.orchestrate.failures import Failure
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore


def prepare(
    plan: Plan,
    store: ArtifactStore,
    data_root: Path | None,
    executor: ExecutorName,
    runtime: Runtime,
) -> None:
    """Run the stages of a plan that are not in the store yet.

    Raises:
        AudiomotionError: Some stage failed; the others are done, and the same command again runs
            only what is missing.
    """
    store.prepare()
    missing = plan.missing(store.available(plan.stages))
    errors.say(f"{len(plan.stages)} stages, {len(missing)} to run; store {store.location}")
    schedule = Schedule(missing, recorded_seconds(store))
    with ProgressDisplay(plan, store, len(missing), errors.quiet) as display:
        make_executor(executor, store, data_root, runtime).run(schedule, display)
    _raise_for(list(schedule.failures.values()))


def _raise_for(failures: Sequence[Failure]) -> None:
    distinct = {failure.stage.fingerprint: failure for failure in failures}
    if not distinct:
        return
    reasons = [f"{failure.stage.name}: {failure.reason}" for failure in distinct.values()]
    error = AudiomotionError("\n".join(dict.fromkeys(reasons)))
    codes = {failure.exit_code for failure in distinct.values()}
    error.exit_code = codes.pop() if len(codes) == 1 else AudiomotionError.exit_code  # type: ignore[misc]
    raise error
