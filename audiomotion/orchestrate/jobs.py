"""Jobs of a Ray cluster: submit one, find it again, follow it, stop it."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from audiomotion.errors import AudiomotionError, ClusterError, ConfigError
from audiomotion.orchestrate.submitting.address import Address
from audiomotion.orchestrate.submitting.server import server_version

_PREFIX: Final = "amx."
_SECONDS_BETWEEN_LOOKS: Final = 0.2
_SECONDS_BEFORE_ANOTHER_TRY: Final = 1.0
_SECONDS_WITHOUT_ANSWER: Final = 120.0
_NOT_FOUND_BY_THE_SHELL: Final = 127
_INTERRUPTED: Final = 130
_OVERRIDES: Final = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")


@dataclass(frozen=True)
class Job:
    """A job of ours."""

    id: str
    status: str
    """PENDING, RUNNING, STOPPED, SUCCEEDED or FAILED."""

    message: str
    exit_code: int | None
    """What its driver ended with; None while it runs, or where it was not asked."""

    started: float
    """Seconds since 1970."""

    ended: float | None
    facts: Mapping[str, str] = field(default_factory=dict)
    """title, kind, dataset, arms, store, user, version, wheel."""

    entrypoint: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.status in ("STOPPED", "SUCCEEDED", "FAILED")

    @property
    def was_lost(self) -> bool:
        """Whether its driver vanished: killed, or its node was."""
        return self.status == "FAILED" and (self.exit_code is None or self.exit_code < 0)

    @property
    def arms(self) -> list[str]:
        """Names of its arms."""
        return self.facts.get("arms", "").split(",")


class Jobs:
    """The jobs of one cluster."""

    def __init__(self, address: Address) -> None:
        """Connect.

        Raises:
            ClusterError: The cluster does not answer, or not with this token.
        """
        self.address = address
        self.ray_version = server_version(address)
        with _environment_set_aside(), _explained(address):
            from ray.job_submission import JobSubmissionClient

            logging.getLogger("ray.dashboard.modules.job.sdk").setLevel(logging.ERROR)
            self._client: JobSubmissionClient = JobSubmissionClient(
                address.url, headers=address.headers
            )

    def submit(
        self,
        submission_id: str,
        entrypoint: str,
        runtime_env: Mapping[str, Any],
        facts: Mapping[str, str],
    ) -> bool:
        """Submit a job; return False where one of that id is there already."""
        metadata = {f"{_PREFIX}{name}": value for name, value in facts.items()}
        with _explained(self.address):
            try:
                self._client.submit_job(
                    submission_id=submission_id,
                    entrypoint=entrypoint,
                    runtime_env=dict(runtime_env),
                    metadata=metadata,
                )
            except RuntimeError as error:
                if "already exists" in str(error):
                    return False
                raise
        return True

    def all(self) -> list[Job]:
        """Return the jobs that `amx` submitted, the newest first; probes are not among them."""
        with _explained(self.address):
            listed = [_job(details) for details in self._client.list_jobs()]
        ours = [job for job in listed if job.facts.get("kind", "probe") != "probe"]
        return sorted(ours, key=lambda job: job.started, reverse=True)

    def get(self, submission_id: str) -> Job:
        """Return one job."""
        with _explained(self.address):
            return _job(self._client.get_job_info(submission_id))

    def log(self, submission_id: str) -> str:
        """Return what a job has written so far."""
        with _explained(self.address):
            return str(self._client.get_job_logs(submission_id))

    def stop(self, submission_id: str) -> None:
        """Ask a job to stop, and wait until it has: it writes its checkpoints first."""
        with _explained(self.address):
            self._client.stop_job(submission_id)
        self.wait(submission_id)

    def delete(self, submission_id: str) -> None:
        """Forget a job that is over."""
        with _explained(self.address):
            self._client.delete_job(submission_id)

    def wait(self, submission_id: str) -> Job:
        """Return a job once it is over."""
        while not (job := self.get(submission_id)).is_over:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        return job

    def follow(self, submission_id: str, on_line: Callable[[str], None]) -> Job:
        """Give every line of a job's log to `on_line` as it comes; return the job once it is over.

        A connection that breaks is made again, and no line is given twice.
        """
        lines = _Lines(on_line)
        silent_since: float | None = None
        while True:
            lines.begin_again()
            try:
                asyncio.run(self._tail(submission_id, lines))
                job = self.get(submission_id)
            except (RuntimeError, OSError, ClusterError) as error:
                if silent_since is None or lines.heard:
                    silent_since = time.monotonic()
                if time.monotonic() - silent_since > _SECONDS_WITHOUT_ANSWER:
                    raise ClusterError(
                        f"{self.address.url} has not answered for {_SECONDS_WITHOUT_ANSWER:.0f} s "
                        f"({error}); the job may go on: amx jobs logs {submission_id}"
                    ) from error
                time.sleep(_SECONDS_BEFORE_ANOTHER_TRY)
                continue
            if job.is_over:
                lines.end()
                return job
            silent_since = None
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    async def _tail(self, submission_id: str, lines: "_Lines") -> None:
        async for text in self._client.tail_job_logs(submission_id):
            lines.add(text)


class _Lines:
    """Cuts what arrives into lines, and leaves out those that were given before."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._given = 0
        self._seen = 0
        self._rest = ""
        self.heard = False
        """Whether anything has arrived since it was last expected from its beginning."""

    def begin_again(self) -> None:
        """Expect the log from its beginning."""
        self._seen, self._rest, self.heard = 0, "", False

    def add(self, text: str) -> None:
        """Take what arrived."""
        self.heard = True
        *whole, self._rest = (self._rest + text).split("\n")
        for line in whole:
            self._give(line)

    def end(self) -> None:
        """Give what is left without an end of line."""
        if self._rest:
            self._give(self._rest)

    def _give(self, line: str) -> None:
        self._seen += 1
        if self._seen > self._given:
            self._given = self._seen
            self._on_line(line)


def found(jobs: Sequence[Job], name: str, *, only_running: bool = False) -> Job:
    """Return the job that `name` means: an id or its beginning, an axis or experiment, or an arm.

    Of several launches of one axis the newest is meant, those that run first.

    Raises:
        ConfigError: There is none, or several that run are meant.
    """
    meant = next((group for group in _groups(jobs, name) if group), [])
    running = [job for job in meant if not job.is_over]
    if not meant:
        known = ", ".join(job.id for job in jobs[:5]) or "none"
        raise ConfigError(f"{name!r} is no job, axis or arm of a job; the newest jobs: {known}")
    if only_running and not running:
        raise ConfigError(f"{meant[0].id} does not run: {meant[0].status}")
    if len(running) > 1:
        several = ", ".join(job.id for job in running)
        raise ConfigError(f"{name!r} means several jobs that run: {several}; give an id")
    return (running or meant)[0]


def _groups(jobs: Sequence[Job], name: str) -> Iterator[list[Job]]:
    yield [job for job in jobs if job.id == name]
    yield [job for job in jobs if job.facts.get("title") == name]
    yield [job for job in jobs if name in job.arms]
    yield [job for job in jobs if job.id.startswith(name)]


def raise_for(job: Job) -> None:
    """Return where a job did what it was asked for.

    Raises:
        AudiomotionError: With the exit code of its driver, or of what became of the cluster.
    """
    if job.status == "SUCCEEDED":
        return
    if job.status == "STOPPED":
        stopped = AudiomotionError(f"{job.id} was stopped; the same command continues it")
        stopped.exit_code = _INTERRUPTED  # type: ignore[misc]
        raise stopped
    if job.exit_code == _NOT_FOUND_BY_THE_SHELL:
        raise ClusterError(
            f"{job.id}: the nodes' path has no `python`; start Ray with its environment activated"
        )
    if job.was_lost:
        reason = " ".join(job.message.split())[:500]
        raise ClusterError(f"{job.id}: its driver was lost ({reason}); the same command continues")
    error = AudiomotionError(f"{job.id} ended with exit code {job.exit_code}; see above")
    error.exit_code = job.exit_code or 1  # type: ignore[misc]
    raise error


def _job(details: Any) -> Job:
    metadata = details.metadata or {}
    return Job(
        id=details.submission_id or details.job_id,
        status=str(details.status.value),
        message=details.message or "",
        exit_code=details.driver_exit_code,
        started=(details.start_time or 0) / 1000,
        ended=details.end_time / 1000 if details.end_time else None,
        facts={
            key.removeprefix(_PREFIX): value
            for key, value in metadata.items()
            if key.startswith(_PREFIX)
        },
        entrypoint=details.entrypoint,
    )


@contextmanager
def _environment_set_aside() -> Iterator[None]:
    """Keep Ray's client from following the environment instead of the address that it is given."""
    aside = {name: os.environ.pop(name) for name in _OVERRIDES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(aside)


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    try:
        yield
    except AudiomotionError:
        raise
    except Exception as error:  # Ray, requests and aiohttp raise classes of their own
        reason = str(error).strip().partition("\n")[0][:500] or type(error).__name__
        raise ClusterError(f"the job server {address.url}: {reason}") from error
