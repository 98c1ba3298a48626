"""How launches end: closed where their process died, and what is raised of those that did not."""

from audiomotion.cli.console import errors
from audiomotion.errors import ArmsFailedError, ClusterError, failure_with
from audiomotion.orchestrate.records import RunRecord, close_dead_runs
from audiomotion.orchestrate.store import ArtifactStore


def close_dead_launches(store: ArtifactStore, uri: str) -> None:
    """Close launches and searches whose process died, in the store and in MLflow."""
    from audiomotion.track.tracker import Tracker, tracked_uri

    for dead in close_dead_runs(store):
        errors.say(f"launch {dead.id} had died; it is marked as interrupted")
        if (dead.path / "mlflow.json").exists():
            try:
                Tracker(tracked_uri(dead.path) or uri, store.root, dead.path).close_open()
            except ClusterError as error:  # of that launch, which may have had another one
                errors.say(f"{error}; `amx doctor` closes its runs there later")


def raise_for(record: RunRecord) -> None:
    """Raise what a launch ends in where something of it has no result.

    Raises:
        ArmsFailedError: Some arms have none; the exit code of a shared cause otherwise.
        ClusterError: Its tracker lacks something.
    """
    failed = [arm for arm in record.arms if arm.status != "done"]
    if not failed and record.status == "done":
        if record.unobserved:
            raise ClusterError(record.unobserved)
        return
    if record.unobserved:
        errors.say(record.unobserved)
    if not failed:
        raise ArmsFailedError("real and reconstructed motion could not be measured; run it again")
    reasons = {arm.reason: arm.exit_code for arm in failed}
    if len(failed) == len(record.arms) and len(reasons) == 1:
        raise failure_with(failed[0].exit_code, f"every arm failed: {failed[0].reason}")
    names = ", ".join(f"{arm.arm} (seed {arm.seed})" for arm in failed)
    raise ArmsFailedError(f"no result for {names}; the same command runs only what is missing")
