"""Run a command of this package on a cluster, and read what it answers."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from audiomotion.errors import AudiomotionError, ClusterError
from audiomotion.orchestrate.jobs import Job, Jobs, raise_for
from audiomotion.orchestrate.submitting.code import Code
from audiomotion.orchestrate.submitting.marks import results_in

_PYTHON: Final = (
    "exec python -P -m"  # without -P a checkout where Ray was started would be imported
)


def entrypoint(module: str, arguments: Sequence[str] = ()) -> str:
    """Return the shell command that runs a module with the job's own code."""
    return f"{_PYTHON} {shlex.join([module, *arguments])}"


def answer_of(jobs: Jobs, code: Code, name: str, command: str, variables: Mapping[str, str]) -> Any:
    """Run a short job, which is no launch; return the JSON that it printed.

    Raises:
        ClusterError: It did not run, or answered nothing.
    """
    jobs.submit(name, command, code.runtime_env(variables), {"kind": "probe"})
    try:
        job = jobs.wait(name)
    except KeyboardInterrupt:
        jobs.stop(name)
        raise
    log = jobs.log(name)
    try:
        answer = json.loads(results_in(log))
    except ValueError as error:
        raise _unanswered(job, log) from error
    jobs.delete(name)
    return answer


def _unanswered(job: Job, log: str) -> ClusterError:
    """Return the error for a check that failed before it could say anything."""
    try:
        raise_for(job)
    except ClusterError as error:  # the cluster could not run it
        return ClusterError(f"the check of the nodes could not run: {error}")
    except AudiomotionError:  # its own log says more
        pass
    last = [line for line in log.splitlines() if line.strip()][-1:]
    return ClusterError(
        f"the check of the nodes ended without an answer: {''.join(last)[:500]}; see "
        f"`ray job logs {job.id}`"
    )
