"""Flite (CMU), a small synthesizer, as the program of the system package flite."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from audiomotion.config.speech import FliteConfig
from audiomotion.errors import DataError, ModelError
from audiomotion.speech.base import Audio, Line, SpeechBackend, in_order
from audiomotion.speech.wav import read_wav

SPEAKERS = ("slt", "rms", "awb", "kal16")
"""Voices that the program is built with; left out is kal, which is kal16 at 8 kHz."""

PITCHES = (1.0, 1.15, 0.88, 1.3, 0.78)
STRETCHES = (1.0, 1.1, 0.92, 0.95, 1.05)

_SECONDS = 60.0
_INSTALL = "install the system package flite, or choose another speech.name"


class FliteBackend(SpeechBackend[FliteConfig]):
    """Runs the program once for each utterance, two at once."""

    @property
    def voices(self) -> tuple[str, ...]:
        """Return every speaker at each pitch, each at a rate that goes with it."""
        return tuple(
            f"{speaker}/{pitch:g}/{stretch:g}"
            for pitch, stretch in zip(PITCHES, STRETCHES, strict=True)
            for speaker in SPEAKERS
        )

    def speaker_of(self, voice: str) -> str:
        """Return the person, who is the same at any pitch."""
        return voice.partition("/")[0]

    @cached_property
    def version(self) -> str:
        """See `SpeechBackend.version`."""
        wanted = {voice.partition("/")[0] for voice in self.voices[: self.config.num_voices]}
        has = set(self._ask("-lv").partition(":")[2].split())
        # The program speaks an unknown voice as its first one and says nothing.
        if missing := sorted(wanted - has):
            raise ModelError(
                f"{self.config.program} lacks the voices {', '.join(missing)} (it has "
                f"{', '.join(sorted(has)) or 'none'}); lower speech.num_voices, or {_INSTALL}"
            )
        lines = [line for line in self._ask("--version").splitlines() if "version" in line]
        words = lines[0].partition("version:")[2].split() if lines else []
        return f"Flite {words[0].removeprefix('flite-') if words else 'unknown'}"

    def speak(self, line: Line) -> Audio:
        """See `SpeechBackend.speak`."""
        speaker, pitch, stretch = line.voice.split("/")
        features = ["--setf", f"f0_shift={pitch}", "--setf", f"duration_stretch={stretch}"]
        with tempfile.TemporaryDirectory(prefix="audiomotion-flite-") as folder:
            out = Path(folder) / "out.wav"
            self._run("-voice", speaker, *features, "-t", line.text, "-o", str(out))
            try:
                return read_wav(out)
            except DataError as error:
                raise ModelError(f"{line.text!r} by {line.voice!r} of Flite: {error}") from error

    def speak_many(self, lines: Iterable[Line]) -> Iterator[Audio]:
        """See `SpeechBackend.speak_many`."""
        return in_order(self.speak, lines, 2)

    def _ask(self, option: str) -> str:
        if shutil.which(self.config.program) is None:
            raise ModelError(f"the program {self.config.program} is not installed; {_INSTALL}")
        return self._run(option)

    def _run(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                [self.config.program, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                encoding="utf-8",
                errors="replace",
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ModelError(
                f"{self.config.program} does not work ({error}); {_INSTALL}"
            ) from error
        # Asked for its version it exits with 1.
        if done.returncode and arguments != ("--version",):
            raise ModelError(
                f"{self.config.program} failed with status {done.returncode}: "
                f"{done.stderr.strip()[-200:] or 'it says nothing'}"
            )
        return done.stdout + done.stderr
