"""A synthesizer that is a command in an environment of its own: Tortoise, or any other program."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import ClassVar

from audiomotion.config.speech import CommandSchema
from audiomotion.errors import DataError, ModelError
from audiomotion.speech.base import Audio, Line, SpeechBackend
from audiomotion.speech.wav import read_wav

_LAST_LINES = 5


class CommandBackend(SpeechBackend[CommandSchema]):
    """Gives the command its texts as files, and reads the WAV files that it leaves."""

    attempts = 3
    repeats: ClassVar[bool] = False

    @property
    def voices(self) -> tuple[str, ...]:
        """Return the configured voices."""
        return self.config.voices

    @property
    def version(self) -> str:
        """Return the name and the configured version; nothing is started."""
        return f"{self.config.name} {self.config.version}"

    def speak(self, line: Line) -> Audio:
        """See `SpeechBackend.speak`."""
        (audio,) = self.speak_many([line])
        return audio

    def speak_many(self, lines: Iterable[Line]) -> Iterator[Audio]:
        """Yield each line; one run speaks one of them, or a whole batch file."""
        size = self.config.batch_size if self.config.is_batched else 1
        waiting = iter(lines)
        while batch := list(islice(waiting, size)):
            with tempfile.TemporaryDirectory(prefix="audiomotion-speech-") as folder:
                yield from self._batch(batch, Path(folder))

    def _batch(self, batch: list[Line], folder: Path) -> Iterator[Audio]:
        outs = [folder / f"{index:05d}.wav" for index in range(len(batch))]
        rows = [
            {"text": line.text, "voice": line.voice, "out": str(out)}
            for line, out in zip(batch, outs, strict=True)
        ]
        (folder / "text.txt").write_text(batch[0].text + "\n", "utf-8")
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "batch.jsonl").write_text(text, "utf-8")
        places = {
            "{text_file}": str(folder / "text.txt"),
            "{batch_file}": str(folder / "batch.jsonl"),
            "{voice}": batch[0].voice,
            "{out}": str(outs[0]),
        }
        command = [_filled(argument, places) for argument in self.config.command]
        self._run(command, batch)
        for line, out in zip(batch, outs, strict=True):
            try:
                yield read_wav(out)
            except DataError as error:
                raise ModelError(
                    f"{self._what(line)}: the command ended well, but left no WAV file ({error})"
                ) from error

    def _run(self, command: list[str], batch: list[Line]) -> None:
        """Run to the end; its last lines are the reason where it fails."""
        with tempfile.TemporaryFile() as output:
            try:
                # A session of its own, so that what it starts can be ended with it.
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise ModelError(
                    f"speech.command: {command[0]!r} cannot be run ({error.strerror}); give the "
                    "path of a program"
                ) from error
            allowed = self.config.timeout_seconds * len(batch)
            try:
                status = process.wait(allowed)
            except subprocess.TimeoutExpired as error:
                raise ModelError(
                    f"{self._what(batch[0])}: the command took more than {allowed:g} s "
                    "(speech.timeout_seconds)"
                ) from error
            finally:
                if process.poll() is None:
                    _end_session(process)
            if status:
                raise ModelError(
                    f"{self._what(batch[0])}: the command failed with status {status}; its last "
                    f"lines: {_last_lines(output.fileno())}"
                )

    def _what(self, line: Line) -> str:
        return f"{line.text!r} by voice {line.voice!r} of {self.version}"


def _filled(argument: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        argument = argument.replace(place, value)
    return argument


def _end_session(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_lines(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, 4096, max(0, size - 4096)).decode(errors="replace")
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    return " | ".join(lines[-_LAST_LINES:]) or "none"
