"""Utterances spoken a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from audiomotion.bench.timing import Measurement, Timed, measure
from audiomotion.config.speech import SpeechSchema
from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.speech.cache import SpeechCache
from audiomotion.speech.speaker import Speaker

_TEXTS = (
    "a person walks forward slowly and then turns around to the left",
    "wave with your right hand",
    "take three steps backward, sit down on the chair and stand up again",
    "the man jumps up and down four times while both of his arms are raised above his head",
    "please kick with the left leg, and after that run in a circle",
    "someone bends down and picks something up from the floor with both hands",
)
"""Instructions of the lengths that captions have: 2 to 6 s."""


def bench_speaking(
    speech: SpeechSchema, num_utterances: int, repeats: int, scratch: Path
) -> Measurement:
    """Time the speech backend, from texts to files, by one process."""
    number = count()
    with _started(speech, num_utterances) as (speaker, items):

        def run() -> float:
            cache = SpeechCache(scratch / f"speech-{next(number)}")  # or nothing would be spoken
            return len(list(cache.get_or_speak_many(speaker, items)))

        return measure(Timed(f"speaking ({speech.name})", run), "utterances", repeats)


def write_utterances(speech: SpeechSchema, num_utterances: int, folder: Path) -> Path:
    """Speak utterances into an artifact of stage `speak`; return its folder."""
    with _started(speech, num_utterances) as (speaker, items):
        spoken = SpeechCache(folder).get_or_speak_many(speaker, items)
        utterances = [
            Utterance(
                number,
                0,
                text,
                f"{number}",
                voice=voice,
                backend=speaker.version,
                file=str(heard.path.relative_to(folder)),
                seconds=heard.seconds,
                sha256=heard.sha256,
            )
            for number, ((text, voice), heard) in enumerate(zip(items, spoken, strict=True))
        ]
    Utterances.write_index(folder, utterances)
    return folder


@contextmanager
def _started(
    speech: SpeechSchema, num_utterances: int
) -> Iterator[tuple[Speaker, list[tuple[str, str]]]]:
    """Yield what speaks, and texts that are all different with the voices that it chooses."""
    texts = [f"{_TEXTS[number % len(_TEXTS)]}, number {number}" for number in range(num_utterances)]
    with Speaker(speech) as speaker:
        yield speaker, [(text, speaker.plan.voice_of(text, "train")) for text in texts]
