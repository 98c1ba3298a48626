"""eSpeak NG in a process of its own: a program, never imported.

eSpeak NG is GPL-3.0-or-later. This program is the only place that loads its library; it needs
nothing but the standard library and talks to its parent through pipes:

    <- one JSON line: {"version", "sample_rate", "languages", "variants"}
    -> one JSON line a request: {"text", "voice", "pitch", "rate"}
    <- one JSON line: {"num_bytes"}, then so many bytes of 16 bit samples; or {"error"}

Run as `python -I espeak_worker.py LIBRARY DATA SCRATCH`. It ends when its standard input ends or
its parent is gone.
"""

import _ctypes
import ctypes
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO

# Names and values of espeak-ng/speak_lib.h.
OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARACTERS_UTF8 = 1
POSITION_CHARACTER = 1
PARAMETER_RATE = 1
PARAMETER_PITCH = 3

SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class EspeakError(Exception):
    """The library refused something; the text goes to the parent."""


class CurrentVoice(ctypes.Structure):
    """The beginning of espeak_VOICE."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
    )


class Espeak:
    """One fresh instance of the library.

    The library carries state from one utterance into the next (phase, flutter, random numbers) and
    offers no way to reset it, so what it says would depend on what it said before. A fresh instance
    for each utterance costs a millisecond and makes the audio a function of the request.
    """

    def __init__(self, library: str) -> None:
        self._audio: list[bytes] = []
        self._library = ctypes.CDLL(library)
        # The working folder holds the data, because eSpeak cuts longer paths at 160 characters.
        self.sample_rate = self._library.espeak_Initialize(
            OUTPUT_SYNCHRONOUS, 0, b".", INITIALIZE_DONT_EXIT
        )
        if self.sample_rate <= 0:
            raise EspeakError(f"eSpeak NG cannot use its data (status {self.sample_rate})")
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        ctypes.CDLL(None).srand(1)
        self._callback = SynthCallback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def close(self) -> None:
        """Unload the library, and its state with it."""
        self._library.espeak_Terminate()
        _ctypes.dlclose(self._library._handle)

    def version(self) -> str:
        """Return the version of the library."""
        self._library.espeak_Info.restype = ctypes.c_char_p
        return str(self._library.espeak_Info(None).decode()).split()[0]

    def speak(self, text: str, voice: str, pitch: int, rate: int) -> bytes:
        """Return the text as 16 bit samples."""
        self._set_voice(voice)
        for parameter, value in ((PARAMETER_RATE, rate), (PARAMETER_PITCH, pitch)):
            if self._library.espeak_SetParameter(parameter, value, 0):
                raise EspeakError(f"eSpeak NG refuses rate {rate} or pitch {pitch}")
        content = text.encode() + b"\0"
        status = self._library.espeak_Synth(
            content,
            ctypes.c_size_t(len(content)),
            0,
            POSITION_CHARACTER,
            0,
            CHARACTERS_UTF8,
            None,
            None,
        )
        if status:
            raise EspeakError(f"eSpeak NG cannot speak this text (status {status})")
        return b"".join(self._audio)

    def _set_voice(self, name: str) -> None:
        status = self._library.espeak_SetVoiceByName(name.encode())
        self._library.espeak_GetCurrentVoice.restype = ctypes.POINTER(CurrentVoice)
        found = self._library.espeak_GetCurrentVoice().contents.identifier
        # Without its variant a voice loads all the same, as the default one.
        if status or found != name.encode():
            raise EspeakError(f"eSpeak NG has no voice {name!r}")

    def _collect(
        self, samples: "ctypes._Pointer[ctypes.c_short]", num_samples: int, _events: int
    ) -> int:
        if samples and num_samples > 0:
            self._audio.append(ctypes.string_at(samples, 2 * num_samples))
        return 0


def lay_out(data: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Link eSpeak's English data into `folder`; return the languages and variants found.

    eSpeak lower-cases a voice's name before it opens the file of that name, and when that misses
    (`en-US`) reads every voice there is, which takes as long as speaking. So the files of the
    languages get lower-case names here.
    """
    target = folder / "espeak-ng-data"
    (target / "lang").mkdir(parents=True)
    for name in ("phondata", "phonindex", "phontab", "intonations", "en_dict", "voices"):
        (target / name).symlink_to(data / name)
    languages = {path.name.lower(): path for path in data.glob("lang/*/en*")}
    for language, path in languages.items():
        (target / "lang" / language).symlink_to(path)
    variants = [path.name for path in (data / "voices" / "!v").iterdir()]
    return sorted(languages), sorted(variants)


def greeting(espeak: Espeak, languages: list[str], variants: list[str]) -> dict[str, Any]:
    """Describe the library and its data."""
    return {
        "version": espeak.version(),
        "sample_rate": espeak.sample_rate,
        "languages": languages,
        "variants": variants,
    }


def answer(espeak: Espeak, request: bytes, replies: BinaryIO) -> None:
    """Speak one request."""
    try:
        audio = espeak.speak(**json.loads(request))
    except EspeakError as error:
        send(replies, {"error": str(error)})
    else:
        send(replies, {"num_bytes": len(audio)}, audio)


def send(replies: BinaryIO, header: dict[str, Any], body: bytes = b"") -> None:
    """Send one reply."""
    replies.write(json.dumps(header).encode() + b"\n" + body)
    replies.flush()


def leave_with(parent: int, folder: Path) -> None:
    """End this process when its parent is gone, whoever else still holds the pipe open."""
    while os.getppid() == parent:
        time.sleep(1)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def serve(library: str, data: Path, folder: Path, replies: BinaryIO) -> None:
    """Answer requests until standard input ends."""
    languages, variants = lay_out(data, folder)
    os.chdir(folder)
    espeak = Espeak(library)
    send(replies, greeting(espeak, languages, variants))
    for request in sys.stdin.buffer:
        answer(espeak, request, replies)
        # Made now, while the parent is busy with the answer.
        espeak.close()
        espeak = Espeak(library)


def main(library: str, data: str, scratch: str) -> None:
    """Serve, and leave nothing behind."""
    # An interrupt is the parent's to handle; it ends this process by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder = Path(scratch)
    Thread(target=leave_with, args=(os.getppid(), folder), daemon=True).start()
    # What the library prints must not get between the replies.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(library, Path(data), folder, replies)
    except BrokenPipeError:
        # Nobody listens; a normal end would complain about what it could not write.
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)
    except (OSError, AttributeError, EspeakError) as error:
        send(replies, {"error": str(error)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
