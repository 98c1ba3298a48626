import io
import os
import signal
import sys
import threading

import pytest
import typer

from audiomotion.cli.console import results
from audiomotion.cli.inside_job import MarkedStream, prepare_driver, print_log_line
from audiomotion.orchestrate.submitting.marks import RESULT_MARK, results_in


def test_results_are_found_again_in_a_log_that_holds_both_streams(monkeypatch, capsys) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stdout", MarkedStream(log))
    typer.echo('{"a":\n 1}')
    results().print("table")
    sys.stdout.write("half ")
    sys.stdout.write("line\n")
    monkeypatch.undo()
    lines = ["start  rvq", *log.getvalue().splitlines(), "compare curves"]
    assert results_in("\n".join(lines)) == '{"a":\n 1}\ntable\nhalf line'
    for line in lines:
        print_log_line(line)
    out, err = capsys.readouterr()
    assert out == '{"a":\n 1}\ntable\nhalf line\n'
    assert err == "start  rvq\ncompare curves\n"


def test_what_a_library_prints_beside_is_no_result() -> None:
    log = io.StringIO()
    stream = MarkedStream(log)
    stream.write("before\n")
    thread = threading.Thread(
        target=print, args=("(raylet) a worker died",), kwargs={"file": stream}
    )
    thread.start()
    thread.join()
    stream.write("after\n")
    assert results_in(log.getvalue()) == "before\nafter"
    assert "(raylet) a worker died" in log.getvalue()


def test_no_line_ends_at_the_mark() -> None:
    assert f"a{RESULT_MARK}b".splitlines() == [f"a{RESULT_MARK}b"]


def test_a_driver_that_is_stopped_is_interrupted(monkeypatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    try:
        prepare_driver()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
