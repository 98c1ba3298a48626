"""The two ways to run eSpeak NG, both in processes of their own: its library or its program."""

import importlib
import importlib.util
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from audiomotion.errors import DataError, ModelError
from audiomotion.speech.espeak_voices import Voice
from audiomotion.speech.wav import decode_wav

EngineKind = Literal["library", "program"]

PROGRAM = "espeak-ng"
LIBRARY_PACKAGE = "espeakng_loader"
INSTALL = "install it with `pip install 'audiomotion[speech]'`, or the system package espeak-ng"

_WORKER = Path(__file__).with_name("espeak_worker.py")

START_SECONDS = 60.0
"""How long an engine may take to start; loading it from a cold network disk takes seconds."""


@dataclass(frozen=True)
class Request:
    """One utterance, in eSpeak's terms."""

    text: str
    voice: str
    pitch: int
    rate: int


class EngineDied(Exception):  # noqa: N818 - an event that a caller recovers from
    """The process ended or hung before it answered."""


class Engine(ABC):
    """eSpeak NG in another process. Answers come in the order of the requests."""

    version: str
    """Name and version, for records."""

    languages: frozenset[str]
    variants: frozenset[str]

    @abstractmethod
    def send(self, request: Request) -> None:
        """Begin to speak. A dead process shows when its answer is read."""

    @abstractmethod
    def receive(self, timeout_seconds: float) -> tuple[np.ndarray, int]:
        """Return the waveform (S,) float32 in [-1, 1] of the oldest request, and its rate in Hz.

        Raises:
            ModelError: eSpeak refused the request.
            EngineDied: There is no answer, and there will be none.
        """

    @abstractmethod
    def close(self) -> None:
        """End every process, and forget what was not received."""

    def missing(self, voices: tuple[Voice, ...]) -> list[str]:
        """Return the names of those voices that this installation lacks."""
        return [
            voice.name
            for voice in voices
            if voice.language not in self.languages or voice.variant not in self.variants
        ]


def start_engine(kind: EngineKind | None = None) -> Engine:
    """Start eSpeak NG: its library where that is installed, else its program.

    Args:
        kind: Take this one and no other.

    Raises:
        ModelError: Neither is installed, or the one that is does not work.
    """
    if kind != "program" and importlib.util.find_spec(LIBRARY_PACKAGE):
        return LibraryEngine()
    program = shutil.which(PROGRAM)
    if kind != "library" and program:
        return ProgramEngine(program)
    wanted = {"library": "its library", "program": "its program"}.get(kind or "", "it")
    raise ModelError(f"captions are spoken by eSpeak NG, but {wanted} is not installed; {INSTALL}")


class LibraryEngine(Engine):
    """eSpeak's shared library, from the wheel espeakng-loader, in a worker process."""

    def __init__(self) -> None:
        loader = importlib.import_module(LIBRARY_PACKAGE)
        library = Path(loader.get_library_path()).absolute()
        data = Path(loader.get_data_path()).absolute()
        # No TemporaryDirectory: a forked child that exits would remove it from under the worker,
        # which removes it itself when this process ends without close().
        self._scratch = Path(tempfile.mkdtemp(prefix="audiomotion-espeak-"))
        # The worker is told where the library is and needs no package: -I keeps it apart from the
        # caller's PYTHONPATH and working folder.
        self._process = subprocess.Popen(
            [sys.executable, "-I", _WORKER, library, data, self._scratch],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._buffer = bytearray()
        self._greet()

    def send(self, request: Request) -> None:
        """See `Engine.send`."""
        line = json.dumps(asdict(request), ensure_ascii=False).encode() + b"\n"
        try:
            _pipe(self._process.stdin).write(line)
        except OSError:
            return

    def receive(self, timeout_seconds: float) -> tuple[np.ndarray, int]:
        """See `Engine.receive`."""
        deadline = time.monotonic() + timeout_seconds
        header = self._header(deadline)
        if "error" in header:
            raise ModelError(header["error"])
        audio = self._take(header["num_bytes"], deadline)
        return np.frombuffer(audio, "<i2").astype(np.float32) / 32768, self._sample_rate

    def close(self) -> None:
        """See `Engine.close`."""
        # Nothing in the worker is worth waiting for, and one that hangs would not listen.
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _greet(self) -> None:
        try:
            greeting = self._header(time.monotonic() + START_SECONDS)
            if "error" in greeting:
                raise EngineDied(greeting["error"])
        except EngineDied as error:
            self.close()
            raise ModelError(
                f"the library of eSpeak NG does not start ({error}); reinstall the package "
                f"espeakng-loader, or remove it and install the system package {PROGRAM}"
            ) from error
        self.version = f"eSpeak NG {greeting['version']} (library)"
        self.languages = frozenset(greeting["languages"])
        self.variants = frozenset(greeting["variants"])
        self._sample_rate = int(greeting["sample_rate"])

    def _header(self, deadline: float) -> dict[str, Any]:
        while (end := self._buffer.find(b"\n")) < 0:
            self._fill(deadline)
        header: dict[str, Any] = json.loads(self._take(end + 1, deadline))
        return header

    def _take(self, num_bytes: int, deadline: float) -> bytes:
        while len(self._buffer) < num_bytes:
            self._fill(deadline)
        taken = bytes(self._buffer[:num_bytes])
        del self._buffer[:num_bytes]
        return taken

    def _fill(self, deadline: float) -> None:
        output = _pipe(self._process.stdout)
        # poll, unlike select, serves a caller with a thousand open files.
        ready = select.poll()
        ready.register(output, select.POLLIN)
        if not ready.poll(1000 * max(0.0, deadline - time.monotonic())):
            raise EngineDied("it does not answer")
        received = os.read(output.fileno(), 2**20)
        if not received:
            raise EngineDied(f"it ended with status {self._process.wait()}")
        self._buffer += received


class ProgramEngine(Engine):
    """The program `espeak-ng` of the system, once for each utterance."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._running: deque[subprocess.Popen[bytes]] = deque()
        words = self._ask("--version").replace(":", " ").split()
        number = next((word for word in words if word[0].isdigit()), "unknown")
        self.version = f"eSpeak NG {number} (program)"
        self.languages = self._listed("en")
        self.variants = self._listed("variant")

    def send(self, request: Request) -> None:
        """See `Engine.send`."""
        # -z: without the pause at the end that the program adds and the library does not.
        options = ["-v", request.voice, "-p", str(request.pitch), "-s", str(request.rate)]
        self._running.append(
            subprocess.Popen(
                [self._program, *options, "-b", "1", "-z", "--stdout", "--", request.text],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )

    def receive(self, timeout_seconds: float) -> tuple[np.ndarray, int]:
        """See `Engine.receive`."""
        process = self._running.popleft()
        try:
            output, complaint = process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise EngineDied("it does not answer") from error
        if process.returncode < 0:
            raise EngineDied(f"it ended with status {process.returncode}")
        if process.returncode:
            raise ModelError(f"{PROGRAM} failed: {complaint.decode(errors='replace').strip()}")
        try:
            return decode_wav(output, PROGRAM)
        except DataError as error:
            raise EngineDied(str(error)) from error

    def close(self) -> None:
        """See `Engine.close`."""
        while self._running:
            _end(self._running.popleft())

    def _listed(self, language: str) -> frozenset[str]:
        """Return the names that `--voices` lists: the language codes and the files' own names."""
        rows = [line.split() for line in self._ask(f"--voices={language}").splitlines()[1:]]
        files = {word.rpartition("/")[2] for row in rows for word in row[3:] if "/" in word}
        return frozenset(files | {file.lower() for file in files} | {row[1] for row in rows})

    def _ask(self, option: str) -> str:
        try:
            return subprocess.run(
                [self._program, option],
                capture_output=True,
                check=True,
                timeout=START_SECONDS,
                encoding="utf-8",
                errors="replace",
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise ModelError(
                f"{self._program} does not work: `{PROGRAM} {option}` failed ({error}); {INSTALL}"
            ) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "the process was started with pipes"
    return pipe
