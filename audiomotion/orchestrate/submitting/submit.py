"""Submit a launch: check the cluster, upload the code, start the job or attach to it."""

import getpass
import hashlib
import json
import re
import secrets
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from audiomotion import __version__
from audiomotion.errors import ClusterError, ConfigError
from audiomotion.orchestrate.jobs import Job, Jobs, raise_for
from audiomotion.orchestrate.submitting.environment import job_environment
from audiomotion.orchestrate.submitting.node import Questions, is_url, write_witness
from audiomotion.orchestrate.submitting.plugins import plugin_wheels
from audiomotion.orchestrate.submitting.probe import ANSWER, QUESTIONS
from audiomotion.orchestrate.submitting.recipes import ShippedCommand
from audiomotion.orchestrate.submitting.server import upload
from audiomotion.orchestrate.submitting.verdict import ClusterFacts, Finding, judge
from audiomotion.orchestrate.submitting.wheel import Wheel, own_wheel, zipped

_PYTHON: Final = (
    "exec python -P -m"  # without -P a checkout where Ray was started would be imported
)
_PROBE: Final = "audiomotion.orchestrate.submitting.probe"
_ATTEMPT: Final = re.compile(r"-a(\d+)$")
_DIGEST_LENGTH: Final = 8


@dataclass(frozen=True)
class Submission:
    """What is to run on a cluster."""

    title: str
    kind: str
    dataset: str
    arms: tuple[str, ...]
    plan_digest: str
    store: str
    data_root: Path | None
    data_folders: tuple[str, ...]
    """Folders below the data root that the stages read."""

    weights: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The submission id without its attempt: the same request has the same."""
        asked = f"{self.plan_digest} {self.store}"
        digest = hashlib.sha256(asked.encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"amx-{re.sub('[^a-zA-Z0-9.-]+', '-', self.title)}-{digest}"


@dataclass(frozen=True)
class Code:
    """What was uploaded: the package, the plugins, and the files that the command names."""

    runtime_env: Mapping[str, Any]
    projects: tuple[str, ...]
    wheel: str
    notices: tuple[str, ...]


def placed(submission: Submission, address_is_loopback: bool) -> Submission:
    """Return a submission with the store and the data root as the cluster is to know them.

    Raises:
        ClusterError: The store is a folder of this machine, and the cluster is another.
        ConfigError: The data root is a folder of this machine, and the cluster is another.
    """
    store, data_root = submission.store, submission.data_root
    if not is_url(store) and not Path(store).is_absolute():
        if not address_is_loopback:
            raise ClusterError(
                f"store {store!r} is a folder of this machine, which the cluster cannot see; give "
                "--store (or AMX_STORE) a URL such as s3://BUCKET/PATH, or the absolute path of a "
                "folder that all nodes share"
            )
        store = str(Path(store).absolute())
    if data_root is not None and not data_root.is_absolute():
        if not address_is_loopback:
            raise ConfigError(
                f"--data-root {data_root} is a folder of this machine; give the absolute path that "
                "the nodes have"
            )
        data_root = data_root.absolute()
    return replace(submission, store=store, data_root=data_root)


def upload_code(jobs: Jobs, command: ShippedCommand) -> Code:
    """Upload what the cluster needs to run a command, as far as it is not there yet."""
    own = own_wheel()
    plugins, notices = plugin_wheels()
    wheels: Sequence[Wheel] = (own, *plugins)
    modules = [upload(jobs.address, wheel.package_name, wheel.content) for wheel in wheels]
    # Never empty: Ray gives a job without a folder of its own the one where Ray was started.
    files = zipped({"command.txt": shlex.join(command.arguments).encode(), **command.files})
    name = f"amx-files-{hashlib.sha256(files).hexdigest()[:12]}.zip"
    runtime_env = {
        "py_modules": modules,
        "working_dir": upload(jobs.address, name, files),
    }
    projects = tuple(wheel.project for wheel in wheels)
    return Code(runtime_env, projects, own.file_name, tuple(notices))


def check_cluster(
    jobs: Jobs, code: Code, submission: Submission, environment: Mapping[str, str]
) -> list[Finding]:
    """Ask every node whether it can run a submission; return what was found.

    Raises:
        ClusterError: The check could not run at all.
    """
    nonce = secrets.token_hex(6)
    questions = Questions(
        nonce=nonce,
        store=submission.store,
        data_folders=_data_folders(submission),
        weights=submission.weights,
        packages=code.projects,
    )
    store = Path(submission.store)
    if is_url(submission.store) or not store.is_dir():
        return judge(_probed(jobs, code, questions, submission, environment), questions)
    questions = replace(questions, witness=write_witness(store, nonce))
    try:
        return judge(_probed(jobs, code, questions, submission, environment), questions)
    finally:
        (store / f"probe-{nonce}-{questions.witness}").unlink(missing_ok=True)


def _data_folders(submission: Submission) -> tuple[str, ...]:
    if submission.data_root is None:
        return ()
    return tuple(str(submission.data_root / folder) for folder in submission.data_folders)


def _probed(
    jobs: Jobs,
    code: Code,
    questions: Questions,
    submission: Submission,
    environment: Mapping[str, str],
) -> ClusterFacts:
    name = f"amx-probe-{questions.nonce}"
    variables = _variables(submission, environment, name)
    variables[QUESTIONS] = json.dumps(asdict(questions))
    jobs.submit(
        name, f"{_PYTHON} {_PROBE}", {**code.runtime_env, "env_vars": variables}, {"kind": "probe"}
    )
    try:
        job = jobs.wait(name)
    except KeyboardInterrupt:
        jobs.stop(name)
        raise
    log = jobs.log(name)
    answer = next((line for line in log.splitlines() if line.startswith(ANSWER)), None)
    if answer is None:
        raise _unanswered(job, log)
    jobs.delete(name)
    return ClusterFacts.from_json(json.loads(answer.removeprefix(ANSWER)))


def _unanswered(job: Job, log: str) -> ClusterError:
    try:
        raise_for(job)
    except ClusterError as error:
        return ClusterError(f"the check of the nodes could not run: {error}")
    except Exception:
        pass
    last = [line for line in log.splitlines() if line.strip()][-1:]
    return ClusterError(
        f"the check of the nodes ended without an answer: {''.join(last)[:500]}; see "
        f"`ray job logs {job.id}`"
    )


def _variables(
    submission: Submission, environment: Mapping[str, str], submission_id: str
) -> dict[str, str]:
    root = submission.data_root
    return job_environment(
        environment, submission.store, None if root is None else str(root), submission_id
    )


def refuse_passwords(submission: Submission, environment: Mapping[str, str]) -> None:
    """Refuse a password that would be readable by all, before anything is sent.

    Raises:
        ConfigError: A URL holds one.
    """
    _variables(submission, environment, submission.stem)


def start_or_attach(
    jobs: Jobs,
    code: Code,
    submission: Submission,
    arguments: Sequence[str],
    environment: Mapping[str, str],
) -> tuple[Job, bool]:
    """Start the job of a submission; where it runs already, return that one, and False."""
    while True:
        running, attempt = attempts(jobs.all(), submission.stem)
        if running is not None:
            return running, False
        name = f"{submission.stem}-a{attempt}"
        variables = _variables(submission, environment, name)
        entrypoint = f"{_PYTHON} audiomotion {shlex.join(arguments)}"
        runtime_env = {**code.runtime_env, "env_vars": variables}
        if jobs.submit(name, entrypoint, runtime_env, _facts(submission, code)):
            return jobs.get(name), True
        # Somebody else submitted the same in this moment: it is in the list by now.


def attempts(jobs: Sequence[Job], stem: str) -> tuple[Job | None, int]:
    """Return the job of a request that runs, if any, and the number of its next attempt."""
    same = [job for job in jobs if _ATTEMPT.sub("", job.id) == stem]
    running = next((job for job in same if not job.is_over), None)
    numbers = [int(match[1]) for job in same if (match := _ATTEMPT.search(job.id))]
    return running, max(numbers, default=0) + 1


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


def raise_for_findings(findings: Sequence[Finding], say: Callable[[str], None]) -> None:
    """Say the warnings of a check.

    Raises:
        ClusterError: Something fails; the message has all of it.
    """
    for finding in findings:
        if finding.grade == "warn":
            say(f"warning: {finding.text}")
    if failing := [finding.text for finding in findings if finding.grade == "fail"]:
        raise ClusterError("\n".join(failing))
