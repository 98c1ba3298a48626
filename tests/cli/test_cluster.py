"""One command on a laptop, a real cluster with a token: submitted, attached to, left, stopped."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from audiomotion.orchestrate.jobs import Job, Jobs
from audiomotion.orchestrate.records import all_runs
from audiomotion.orchestrate.store import open_store
from audiomotion.orchestrate.submitting.code import upload_code
from audiomotion.orchestrate.submitting.marks import results_in
from audiomotion.orchestrate.submitting.node import Questions
from audiomotion.orchestrate.submitting.recipes import ShippedCommand
from audiomotion.orchestrate.submitting.short_job import answer_of, entrypoint
from audiomotion.orchestrate.submitting.submit import lost_jobs
from audiomotion.orchestrate.submitting.verdict import ClusterFacts, judge
from tests.cli.command_line import REPOSITORY, TINY, Ended, amx, start
from tests.orchestrate.processes import wait_until
from tests.orchestrate.ray_head import TOKEN, Head, ray_head

WHERE_IT_RUNS = """
import logging, ray, audiomotion
ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)

@ray.remote(num_cpus=0)
def there():
    import audiomotion
    from audiomotion.config.extractors import EXTRACTORS
    return audiomotion.__file__, ",".join(EXTRACTORS.schemas)

for line in (audiomotion.__file__, *ray.get(there.remote())):
    print("\\x02" + line)
"""


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with ray_head() as running:
        yield running


@pytest.fixture(scope="module")
def jobs(head: Head) -> Jobs:
    return Jobs(head.address)


@pytest.fixture(scope="module")
def facts(head: Head, jobs: Jobs) -> ClusterFacts:
    """Return what the nodes answer where each has a store of its own: in its memory."""
    questions = asdict(Questions(nonce="n", store="memory://store"))
    variables = {"AMX_PROBE": json.dumps(questions)}
    code = upload_code(jobs, ShippedCommand((), {}))
    command = entrypoint("audiomotion.orchestrate.submitting.probe")

    for attempt in range(20):  # the second node may still be on its way
        answer = answer_of(jobs, code, f"probe-{attempt}", command, variables)
        found = ClusterFacts.from_json(answer)
        if len(found.nodes) == 2:
            return found
    raise AssertionError(f"the second node did not come: {found}")


@pytest.fixture
def with_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)


@dataclass(frozen=True)
class Story:
    """Two people give the same command at once; one leaves, the other stays to the end."""

    left: Ended
    running_when_left: Job
    stayed: Ended
    jobs: list[Job]
    store: Path


def of_tiny(jobs: Jobs) -> list[Job]:
    return [job for job in jobs.all() if job.facts["title"] == "tiny"]


class Client:
    """A process that submits, and what it has said so far."""

    def __init__(self, head: Head, store: Path, *args: object) -> None:
        place = ("--address", head.url, "--store", store)
        self.process = start("train", TINY, *place, *args, **head.variables)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line)

    def said(self, pattern: str) -> bool:
        return any(re.match(pattern, line) for line in self.lines)

    def end(self) -> Ended:
        out = self.process.stdout.read()
        code = self.process.wait(timeout=240)
        self._reader.join()
        return Ended(code, out, "".join(self.lines))


@pytest.fixture(scope="module")
def story(
    head: Head, jobs: Jobs, facts: ClusterFacts, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    assert len(facts.nodes) == 2
    store = tmp_path_factory.mktemp("shared") / "store"
    store.mkdir()
    clients = [Client(head, store, "--json") for _ in range(2)]
    try:
        for client in clients:
            wait_until(lambda: client.said("submitted|attached"), "both to be there", 120)  # noqa: B023
        clients[1].process.send_signal(signal.SIGINT)
        left = clients[1].end()
        (job,) = of_tiny(jobs)
        stayed = clients[0].end()
    finally:
        for client in clients:
            client.process.kill()
    return Story(left, job, stayed, of_tiny(jobs), store)


def test_two_that_give_the_same_command_share_one_job(story: Story) -> None:
    (job,) = story.jobs
    said = [
        re.search(r"^(submitted|attached to) (\S+)$", ended.err, re.MULTILINE)
        for ended in (story.left, story.stayed)
    ]
    assert sorted(match[1] for match in said) == ["attached to", "submitted"]
    assert {match[2] for match in said} == {job.id}
    assert "other options" not in story.left.err + story.stayed.err
    assert re.fullmatch(r"amx-tiny-[0-9a-f]{8}-a1", job.id)


def test_ctrl_c_leaves_the_job_running_and_says_how_to_come_back(story: Story) -> None:
    job = story.running_when_left
    assert story.left.code == 130
    assert not job.is_over
    assert f"the job goes on; attach again: amx jobs logs {job.id} --follow" in story.left.err
    assert f"stop it: amx jobs stop {job.id}" in story.left.err


def test_who_stays_gets_the_log_the_table_and_the_exit_code(story: Story) -> None:
    assert story.stayed.code == 0, story.stayed.err
    assert "tiny" in json.loads(story.stayed.out)["columns"]["arm"]
    assert "done   evaluation [tiny]" in story.stayed.err
    assert story.jobs[0].status == "SUCCEEDED"
    (record,) = all_runs(open_store(story.store))
    assert record.status == "done"
    assert not list(story.store.glob("probe-*"))


def test_a_job_is_listed_and_shown(story: Story, head: Head, with_token) -> None:
    (job,), where = story.jobs, ("--address", head.url)
    rows = json.loads(amx("jobs", "list", *where, "--json").out)
    (listed,) = [row for row in rows if row["id"] == job.id]
    assert (listed["arms"], listed["exit_code"]) == (["tiny"], 0)
    assert listed["facts"]["store"] == str(story.store)
    assert job.id in amx("jobs", "list", *where).out
    shown = json.loads(amx("jobs", "status", job.id, *where, "--json").out)
    assert len(shown["stages"]) == 10
    assert set(shown["stages"].values()) == {"done"}
    logs = amx("jobs", "logs", job.id, *where)
    assert logs.out == story.stayed.out
    assert "start  rvq" in logs.err


def test_a_job_s_log_can_be_followed_after_its_end(story: Story, head: Head, with_token) -> None:
    ended = amx("jobs", "logs", story.jobs[0].id, "--follow", "--address", head.url)
    assert (ended.code, ended.out) == (0, story.stayed.out)


def test_a_driver_that_is_killed_is_a_matter_of_the_cluster(
    head: Head, jobs: Jobs, with_token
) -> None:
    jobs.submit("amx-lost-1-a1", "kill -9 $$", {}, {"kind": "ablation", "title": "lost"})
    ended = amx("jobs", "logs", "lost", "--follow", "--address", head.url)
    assert ended.code == 4
    assert "amx-lost-1-a1: its driver was lost" in ended.problem
    assert [job.id for job in lost_jobs(jobs.all())] == ["amx-lost-1-a1"]


def test_every_node_is_asked_and_stores_of_their_own_are_noticed(facts: ClusterFacts) -> None:
    assert len({node.node for node in facts.nodes}) == len(facts.nodes) == 2
    assert facts.silent == ()
    findings = judge(facts, Questions(nonce="n", store="memory://store"))
    problems = [finding.text for finding in findings if finding.grade == "fail"]
    apart = [problem for problem in problems if "each node has a folder of its own" in problem]
    assert len(apart) == 2


def test_driver_and_workers_run_the_code_and_the_plugins_that_were_sent(
    head: Head, jobs: Jobs, tmp_path: Path, monkeypatch
) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    plugin = ["--no-build-isolation", "--target", tmp_path, REPOSITORY / "docs" / "example-package"]
    subprocess.run([*pip, *plugin], check=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    code = upload_code(jobs, ShippedCommand((), {"where.py": WHERE_IT_RUNS.encode()}))
    jobs.submit("where", "python -P where.py", code.runtime_env({}), {"kind": "probe"})
    assert jobs.wait("where").status == "SUCCEEDED", jobs.log("where")
    driver, worker, extractors = results_in(jobs.log("where")).splitlines()
    assert driver == worker
    assert "envelope" in extractors.split(",")
    assert code.projects == ("audiomotion", "amx-example")
    assert str(head.folder) in driver
    assert code.wheel.removesuffix(".whl") in driver


def test_a_job_is_left_at_a_terminal_and_stopped_by_its_axis(
    story: Story, head: Head, jobs: Jobs, with_token
) -> None:
    long = ("--set", "masked.training.max_steps=1000000")
    with Terminal("train", TINY, "--address", head.url, "--store", story.store, *long) as terminal:
        terminal.wait_for("start  masked")
        terminal.type("\x03")
        terminal.wait_for("Ctrl-C again asks to stop it")
        terminal.type("\x03")
        terminal.wait_for("Stop the job?")
        terminal.type("n\n")
        assert terminal.code() == 130
    job = next(job for job in of_tiny(jobs) if not job.is_over)
    assert f"amx jobs stop {job.id}" in terminal.text
    ended = amx("jobs", "stop", "tiny", "--address", head.url, "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["status"] == jobs.get(job.id).status == "STOPPED"
    assert "amx: interrupted; the same command continues" in jobs.log(job.id)
    newest = next(all_runs(open_store(story.store)))
    assert newest.status == "interrupted"
    again = amx("jobs", "stop", "tiny", "--address", head.url)
    assert (again.code, "does not run: STOPPED" in again.problem) == (2, True)


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, *args: object) -> None:
        self.text = ""
        ours, theirs = pty.openpty()
        program = "from audiomotion.cli.app import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, args)],
            cwd=REPOSITORY,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(theirs)
        self._ours = ours
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                self.text += os.read(self._ours, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                return

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        os.close(self._ours)

    def wait_for(self, text: str) -> None:
        def seen() -> bool:
            assert self._process.poll() is None or text in self.text, self.text
            return text in self.text

        wait_until(seen, f"{text!r} in {self.text}", 120)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def code(self) -> int:
        code = self._process.wait(timeout=60)
        self._reader.join()
        return code


def _own_terminal() -> None:
    """Make the terminal the controlling one, so that its Ctrl-C arrives."""
    import fcntl
    import termios

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_all_that_a_node_lacks_is_said_before_anything_is_submitted(
    head: Head, jobs: Jobs, with_token, monkeypatch
) -> None:
    before = [job.id for job in jobs.all()]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-value")
    where = ("--address", head.url, "--store", "/nowhere/store", "--data-root", "/nothing")
    ended = amx("train", TINY, *where, "--set", "dataset.name=kit")
    assert ended.code == 4
    said = [problem.partition("): ")[2] for problem in ended.problems]
    assert [" ".join(problem.split()[:4]) for problem in said] == [
        *["there is no folder"] * 2,
        *["MLflow at http://127.0.0.1:1 does"] * 2,
        *["raw data: there is"] * 2,
    ]
    assert "AWS_SECRET_ACCESS_KEY is not sent" in ended.err
    assert "hidden-value" not in ended.err
    assert [job.id for job in jobs.all()] == before


@pytest.mark.slow
def test_data_is_prepared_on_a_cluster_too(
    story: Story, head: Head, jobs: Jobs, with_token
) -> None:
    where = ("--address", head.url, "--store", story.store)
    ended = amx("data", "speak", "--dataset", TINY, "--variant", "original", *where, "--json")
    assert ended.code == 0, ended.err
    (row,) = json.loads(ended.out)
    assert row["utterances"] > 0
    assert "1 to run" not in ended.err
    newest = jobs.all()[0]
    assert (newest.facts["kind"], newest.arms) == ("data", ["original"])


def test_the_doctor_sees_the_cluster_and_its_records(story: Story, head: Head, with_token) -> None:
    where = ("--address", head.url, "--store", story.store, "--dataset", "demo")
    ended = amx("doctor", *where, "--json")
    assert ended.code == 0, ended.out
    grades = {row["topic"]: row["grade"] for row in json.loads(ended.out)}
    assert set(grades) >= {
        *("address", "nodes", "versions", "store", "tracker", "disk", "gpus", "records")
    }
    assert grades["records"] == "ok"


def test_another_cluster_s_token_is_refused(head: Head, with_token, monkeypatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "f" * 32)
    ended = amx("train", TINY, "--address", head.url, "--store", "/s")
    assert ended.code == 4
    assert "does not take this token (it is another cluster's)" in ended.problem


def test_a_missing_token_is_asked_for(head: Head, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    ended = amx("jobs", "list", "--address", head.url)
    assert ended.code == 4
    assert "answers 401; it wants a token: on the head node `ray get-auth-token`" in ended.problem


def test_the_readme_s_commands_work_here(story: Story, head: Head, with_token, monkeypatch) -> None:
    """All but those that start the cluster; the doctor has a test of its own."""
    section = (REPOSITORY / "README.md").read_text("utf-8").partition("## On a cluster")[2]
    lines = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)[0].splitlines()
    assert "amx doctor --dataset demo" in lines
    assert "export RAY_ADDRESS=http://127.0.0.1:8265" in lines
    monkeypatch.setenv("RAY_ADDRESS", head.url)
    monkeypatch.setenv("AMX_STORE", str(story.store))
    for line in lines:
        if line.startswith(("amx ablate", "amx jobs")):
            ended = amx(*line.split()[1:], *(["--dry-run"] if "ablate" in line else []))
            assert ended.code == 0, ended.err
