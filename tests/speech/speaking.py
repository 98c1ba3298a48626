"""What the tests of eSpeak share."""

from typing import Any

from audiomotion.config.speech import EspeakConfig
from audiomotion.speech.espeak_backend import EspeakBackend
from audiomotion.speech.espeak_voices import VOICES
from audiomotion.speech.speaker import Speaker

NAMES = tuple(voice.name for voice in VOICES)


def espeak(config: EspeakConfig | None = None, **engine: Any) -> Speaker:
    """Return a speaker; `engine` goes to `EspeakBackend`."""
    config = config or EspeakConfig()
    return Speaker(config, backend=EspeakBackend(config, **engine))
