import sys

import pytest
import typer

from audiomotion.cli import submitting
from audiomotion.orchestrate.jobs import Job
from audiomotion.orchestrate.submitting.address import Address
from audiomotion.orchestrate.submitting.submission import Submission
from audiomotion.orchestrate.submitting.submit import amx_entrypoint

WANTED = Submission("demo", "experiment", "demo", ("demo",), "digest", "/store", None)


class Running:
    """A cluster on which the job runs already, with these arguments."""

    def __init__(self, *arguments: str) -> None:
        self._facts = {"user": "somebody", "wheel": "audiomotion.whl"}
        self._entrypoint = amx_entrypoint(arguments)

    def all(self) -> list[Job]:
        name = f"{WANTED.stem}-a1"
        return [Job(name, "RUNNING", "", None, 0.0, None, self._facts, self._entrypoint)]


@pytest.mark.parametrize(("given", "differs"), [([], False), (["--retry-failed"], True)])
def test_who_attaches_hears_of_other_options(
    given: list[str],
    differs: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def leave(jobs: object, submission_id: str) -> None:
        raise typer.Exit

    running = Running("train", "demo", "--yes")
    monkeypatch.setattr(submitting, "Jobs", lambda address: running)
    monkeypatch.setattr(submitting, "follow", leave)
    monkeypatch.setattr(sys, "argv", ["amx", "train", "demo", *given, "--store", "/store"])
    with pytest.raises(typer.Exit):
        submitting.submit_command(Address("http://localhost:8265", None), WANTED, None)
    said = capsys.readouterr().err
    assert f"attached to {WANTED.stem}-a1" in said
    assert ("it was given other options" in said) == differs
    assert (f"amx jobs stop {WANTED.stem}-a1" in said) == differs
