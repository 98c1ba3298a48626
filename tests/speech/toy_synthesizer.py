"""A synthesizer as a command, which needs nothing: `TEXT_FILE VOICE OUT`, or `BATCH_FILE`.

Some texts are orders to misbehave.
"""

import json
import math
import struct
import sys
import time
import wave
from pathlib import Path

RATE = 22050


def speak(text: str, voice: str, out: str) -> None:
    if text.startswith("fail"):
        print("loading the model\n\nTraceback: it is broken")
        print(f"cannot say {text!r}", file=sys.stderr)
        sys.exit(3)
    if text.startswith("hang"):
        time.sleep(60)
    if text.startswith("forget"):
        return
    level = 0 if text.startswith("hush") else 12000
    pitch = 200 + 10 * (sum(voice.encode()) % 200)
    count = int(RATE * (0.3 + 0.05 * len(text)))
    wave_of = (level * math.sin(2 * math.pi * pitch * index / RATE) for index in range(count))
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", int(value)) for value in wave_of))


def main(arguments: list[str]) -> None:
    if len(arguments) == 1:
        for line in Path(arguments[0]).read_text("utf-8").splitlines():
            speak(**json.loads(line))
    else:
        speak(Path(arguments[0]).read_text("utf-8").strip(), *arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
