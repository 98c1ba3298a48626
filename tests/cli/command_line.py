"""The command line as its user has it: arguments in, exit code and two streams out."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from audiomotion.cli.app import main

TINY = str(Path(__file__).with_name("tiny.yaml"))
REPOSITORY = Path(__file__).parents[2]
_PROGRAM = "from audiomotion.cli.app import main; main()"


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        """What it complained of: a sentence each, and nothing a programmer would have to read."""
        assert "Traceback" not in self.err, self.err
        return [line.removeprefix("amx: ") for line in self.err.splitlines() if "amx: " in line]

    @property
    def problem(self) -> str:
        """The only complaint."""
        (problem,) = self.problems
        return problem


def amx(*args: object) -> Ended:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    argv = mock.patch.object(sys, "argv", ["amx", *map(str, args)])
    with argv, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


def train(store: Path, *args: object) -> Ended:
    """Train the tiny experiment in this process."""
    return amx("train", TINY, "--executor", "local", "--store", store, *args)


def start(*args: object, **variables: str) -> "subprocess.Popen[str]":
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *map(str, args)],
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_listen_to_ctrl_c,
    )


def _listen_to_ctrl_c() -> None:
    """Undo what a shell does to background jobs: they, and so their children, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(*args: object, **variables: str) -> Ended:
    """Run a command in a process of its own."""
    process = start(*args, **variables)
    out, err = process.communicate(timeout=180)
    return Ended(process.returncode, out, err)


def oldest(store: Path) -> str:
    """Return the id of the tiny experiment's first launch; tests may add others to a store."""
    listed = json.loads(amx("runs", "list", "--store", store, "--json").out)
    return str([one["id"] for one in listed if one["title"] == "tiny"][-1])
