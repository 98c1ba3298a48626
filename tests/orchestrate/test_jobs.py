from types import SimpleNamespace

import pytest

from audiomotion.errors import AudiomotionError, ClusterError, ConfigError
from audiomotion.orchestrate import jobs
from audiomotion.orchestrate.jobs import Job, Jobs, _Lines, found, raise_for
from audiomotion.orchestrate.submitting.address import Address


def job(name: str, status: str = "RUNNING", exit_code: int | None = None, **facts: str) -> Job:
    return Job(name, status, "why", exit_code, started=0.0, ended=None, facts=facts)


OLD = job("amx-compressor-1-a1", "FAILED", 1, title="compressor", arms="conv1d,avgpool-8")
NEW = job("amx-compressor-1-a2", title="compressor", arms="conv1d,avgpool-8")
ELSE = job("amx-condition-2-a1", title="condition", arms="text,audio")
JOBS = [NEW, ELSE, OLD]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amx-compressor-1-a1", OLD),
        ("amx-con", ELSE),
        ("compressor", NEW),
        ("avgpool-8", NEW),
        ("text", ELSE),
    ],
)
def test_a_job_is_found_by_id_axis_or_arm(name: str, expected: Job) -> None:
    assert found(JOBS, name) is expected


def test_what_nothing_is_called_is_a_mistake_that_lists_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"'compresor' is no job.*amx-compressor-1-a2"):
        found(JOBS, "compresor")
    with pytest.raises(ConfigError, match="the newest jobs: none"):
        found([], "x")


def test_several_that_run_need_an_id() -> None:
    both = [NEW, job("amx-compressor-9-a1", title="compressor")]
    with pytest.raises(ConfigError, match=r"several jobs that run: .*9-a1; give an id"):
        found(both, "compressor")


def test_only_what_runs_can_be_stopped() -> None:
    assert found(JOBS, "compressor", only_running=True) is NEW
    with pytest.raises(ConfigError, match="does not run: FAILED"):
        found([OLD], "compressor", only_running=True)


@pytest.mark.parametrize(
    ("status", "driver_code", "code", "says"),
    [
        ("FAILED", 1, 1, "ended with exit code 1"),
        ("FAILED", 3, 3, "ended with exit code 3"),
        ("FAILED", 127, 4, "no `python`; start Ray with its environment activated"),
        ("FAILED", -9, 4, "its driver was lost"),
        ("FAILED", None, 4, "its driver was lost (why)"),
        ("STOPPED", None, 130, "the same command continues it"),
    ],
)
def test_a_job_ends_a_command_with_its_own_exit_code(status, driver_code, code, says) -> None:
    with pytest.raises(AudiomotionError) as error:
        raise_for(job("x", status, driver_code))
    assert error.value.exit_code == code
    assert says in str(error.value)
    assert isinstance(error.value, ClusterError) == (code == 4)


def test_a_job_that_succeeded_raises_nothing() -> None:
    raise_for(job("x", "SUCCEEDED", 0))


def test_a_log_that_is_read_again_gives_no_line_twice() -> None:
    lines: list[str] = []
    reader = _Lines(lines.append)
    reader.begin_again()
    for part in ("one\ntw", "o\nthr"):
        reader.add(part)
    assert lines == ["one", "two"]
    reader.begin_again()
    reader.add("one\ntwo\nthree\nfo")
    reader.add("ur")
    reader.end()
    assert lines == ["one", "two", "three", "four"]


class Breaking(Jobs):
    """A job server whose connections end after an hour, on a clock of its own."""

    def __init__(self, logs, monkeypatch):
        self.address = Address("http://head", None)
        self._logs = iter(logs)
        self._now = 0.0
        clock = SimpleNamespace(monotonic=lambda: self._now, sleep=self._pass)
        monkeypatch.setattr(jobs, "time", clock)

    def _pass(self, seconds):
        self._now += seconds

    async def _tail(self, submission_id, lines):
        log = next(self._logs)
        if log is None:
            self._pass(50)
            raise ConnectionRefusedError("nobody is there")
        lines.add(log)
        if not log.endswith("end\n"):
            self._pass(3600)
            raise RuntimeError("the connection was closed")

    def get(self, submission_id):
        return job(submission_id, "SUCCEEDED", 0)


def test_a_log_that_was_read_for_hours_may_break_off(monkeypatch):
    lines = []
    server = Breaking(["one\n", None, "one\ntwo\n", "one\ntwo\n", "one\ntwo\nend\n"], monkeypatch)
    assert server.follow("x", lines.append).status == "SUCCEEDED"
    assert lines == ["one", "two", "end"]


def test_a_server_that_stays_away_is_given_up(monkeypatch):
    server = Breaking(["one\n", None, None, None, None], monkeypatch)
    with pytest.raises(ClusterError, match=r"has not answered for 120 s.*amx jobs logs x"):
        server.follow("x", lambda line: None)
