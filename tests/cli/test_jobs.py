from audiomotion.cli.jobs import _duration, stage_lines
from audiomotion.orchestrate.jobs import Job
from tests.cli.command_line import amx
from tests.orchestrate.ray_head import free_ports

LOG = """2 arms, 4 stages, 4 to run; store s3://bucket/path
start  dataset [all arms] 4acbdfb5
done   dataset [all arms] 4acbdfb5  (1/4)
start  masked [conv1d, avgpool-8] 08ed6e09
start  rvq [all arms] 90485f68
  masked [conv1d, avgpool-8] 08ed6e09  waiting for a worker
  masked [conv1d, avgpool-8] 08ed6e09  120/400  3.1/s  90 s left  loss 0.5
  dataset [all arms] 4acbdfb5  3 s
failed rvq [all arms] 90485f68  (2/4)
"""


def test_a_stage_is_shown_as_it_stood_last() -> None:
    assert stage_lines(LOG) == {
        "dataset [all arms] 4acbdfb5": "done",
        "masked [conv1d, avgpool-8] 08ed6e09": "running, 120/400  3.1/s  90 s left  loss 0.5",
        "rvq [all arms] 90485f68": "failed",
    }


def test_a_stage_that_is_tried_again_runs_again() -> None:
    again = LOG + "start  rvq [all arms] 90485f68\n"
    assert stage_lines(again)["rvq [all arms] 90485f68"] == "running"


def test_a_time_is_hours_minutes_and_seconds() -> None:
    assert _duration(Job("x", "SUCCEEDED", "", 0, started=100.0, ended=3761.9)) == "1:01:01"


def test_every_command_says_that_nobody_answers() -> None:
    (port,) = free_ports(1)
    for command in (["list"], ["status", "x"], ["logs", "x"], ["stop", "x"]):
        ended = amx("jobs", *command, "--address", f"http://127.0.0.1:{port}")
        assert (ended.code, "does not answer" in ended.problem) == (4, True)


def test_an_address_that_is_none_is_a_mistake() -> None:
    ended = amx("jobs", "list", "--address", "head:6379")
    assert (ended.code, "is no job server; give http://HEAD:8265" in ended.problem) == (2, True)
