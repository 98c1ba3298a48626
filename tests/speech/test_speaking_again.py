"""What a synthesizer that draws may get wrong: it is asked again, and nothing bad is published."""

from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.speech import EspeakConfig
from audiomotion.errors import ModelError
from audiomotion.speech.base import Audio, Line, SpeechBackend
from audiomotion.speech.cache import SpeechCache
from audiomotion.speech.speaker import Speaker

TONE = (0.5 * np.sin(np.arange(8000) * 0.1)).astype(np.float32)
BAD = {
    "empty": np.zeros(0, np.float32),
    "silent": np.zeros(8000, np.float32),
    "nan": np.append(TONE, np.float32("nan")),
    "endless": np.tile(TONE, 700),
}


class Moody(SpeechBackend[EspeakConfig]):
    """Gives bad audio until an attempt."""

    voices = ("ann", "bob")
    version = "moody 1"

    def __init__(self, bad: str, good_from: int) -> None:
        super().__init__(EspeakConfig(num_voices=2))
        self.bad, self.good_from = BAD[bad], good_from
        self.asked: list[Line] = []

    def speak(self, line: Line) -> Audio:
        self.asked.append(line)
        good = line.attempt >= self.good_from or line.text == "good"
        return (TONE if good else self.bad), 16_000


class Patient(Moody):
    attempts = 3


@pytest.mark.parametrize("bad", BAD)
def test_it_is_asked_again_where_that_may_help(bad: str, tmp_path: Path) -> None:
    backend = Patient(bad, good_from=2)
    speaker = Speaker(backend.config, backend=backend)
    texts = ["good", "walk", "good"]
    spoken = list(SpeechCache(tmp_path).get_or_speak_many(speaker, [(t, "ann") for t in texts]))
    assert [item.seconds for item in spoken] == [0.5] * 3
    assert [line.attempt for line in backend.asked if line.text == "walk"] == [0, 1, 2]
    assert sum(line.text == "good" for line in backend.asked) == 1


@pytest.mark.parametrize(("kind", "tries"), [(Moody, 1), (Patient, 3)])
@pytest.mark.parametrize("bad", BAD)
def test_then_it_is_an_error_that_names_text_and_voice(
    kind: type[Moody], tries: int, bad: str, tmp_path: Path
) -> None:
    backend = kind(bad, good_from=9)
    speaker = Speaker(backend.config, backend=backend)
    spoken = SpeechCache(tmp_path).get_or_speak_many(speaker, [("good", "ann"), ("walk", "bob")])
    with pytest.raises(ModelError, match=r"'walk' could not be spoken by voice 'bob' of moody 1"):
        list(spoken)
    assert len(backend.asked) == 1 + tries
    assert len(list(tmp_path.rglob("*.wav"))) == 1
