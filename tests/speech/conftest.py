from collections.abc import Iterator

import pytest

from audiomotion.speech.speaker import Speaker
from tests.speech.speaking import espeak


@pytest.fixture(scope="session")
def speaker() -> Iterator[Speaker]:
    """Speak for real; without eSpeak NG the tests of speech fail and say what to install."""
    with espeak() as started:
        yield started
