"""Start the job of a submission, or attach to the one that runs already."""

import getpass
import re
from collections.abc import Mapping, Sequence
from typing import Final

from audiomotion import __version__
from audiomotion.orchestrate.jobs import Job, Jobs
from audiomotion.orchestrate.submitting.code import Code
from audiomotion.orchestrate.submitting.short_job import entrypoint
from audiomotion.orchestrate.submitting.submission import Submission

_ATTEMPT: Final = re.compile(r"-a(\d+)$")


def start_or_attach(
    jobs: Jobs,
    code: Code,
    submission: Submission,
    arguments: Sequence[str],
    environment: Mapping[str, str],
) -> tuple[Job, bool]:
    """Return the job of a submission, and whether it was started now."""
    command = amx_entrypoint(arguments)
    while True:
        running, attempt = attempts(jobs.all(), submission.stem)
        if running is not None:
            return running, False
        name = f"{submission.stem}-a{attempt}"
        runtime_env = code.runtime_env(submission.variables(environment, name))
        if jobs.submit(name, command, runtime_env, _facts(submission, code)):
            return jobs.get(name), True
        # Somebody else submitted the same in this moment: it is in the list by now.


def amx_entrypoint(arguments: Sequence[str]) -> str:
    """Return the shell command that runs `amx` with the job's own code."""
    return entrypoint("audiomotion", arguments)


def attempts(jobs: Sequence[Job], stem: str) -> tuple[Job | None, int]:
    """Return the job of a request that runs, if any, and the number of its next attempt."""
    same = [job for job in jobs if _ATTEMPT.sub("", job.id) == stem]
    running = next((job for job in same if not job.is_over), None)
    numbers = [int(match[1]) for job in same if (match := _ATTEMPT.search(job.id))]
    return running, max(numbers, default=0) + 1


def lost_jobs(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs whose driver vanished, and that no later attempt continued.

    The newest job comes first.
    """
    newest: dict[str, Job] = {}
    for job in jobs:
        newest.setdefault(_ATTEMPT.sub("", job.id), job)
    return [job for job in newest.values() if job.was_lost]


def _facts(submission: Submission, code: Code) -> dict[str, str]:
    return {
        "kind": submission.kind,
        "title": submission.title,
        "dataset": submission.dataset,
        "arms": ",".join(submission.arms),
        "store": submission.store,
        "user": getpass.getuser(),
        "version": __version__,
        "wheel": code.wheel,
    }
