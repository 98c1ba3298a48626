from collections.abc import Iterator

import pytest

from audiomotion.config.experiment import SpeechConfig
from audiomotion.speech.speaker import EspeakSpeaker


@pytest.fixture(scope="session")
def speaker() -> Iterator[EspeakSpeaker]:
    """Speak for real; without eSpeak NG the tests of speech fail and say what to install."""
    with EspeakSpeaker(SpeechConfig()) as started:
        yield started
