"""Utterances spoken a second."""

from dataclasses import asdict
from itertools import count
from pathlib import Path

from audiomotion.bench.timing import Measurement, Timed, measure
from audiomotion.config.experiment import SpeechConfig
from audiomotion.data.instructions import Instruction
from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.speech.speaker import EspeakSpeaker, SpeechCache
from audiomotion.speech.voices import Voice, choose_voice
from audiomotion.speech.wav import wav_seconds

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
    speech: SpeechConfig, num_utterances: int, repeats: int, scratch: Path
) -> Measurement:
    """Time the speech backend, from texts to files, by one process."""
    items = _items(speech, num_utterances)
    number = count()
    with EspeakSpeaker(speech) as speaker:

        def run() -> float:
            cache = SpeechCache(scratch / f"speech-{next(number)}")  # or nothing would be spoken
            return len(list(cache.get_or_speak_many(speaker, items)))

        return measure(Timed(f"speaking ({speech.backend})", run), "utterances", repeats)


def write_utterances(speech: SpeechConfig, num_utterances: int, folder: Path) -> Path:
    """Speak utterances into an artifact of stage `speak`; return its folder."""
    items = _items(speech, num_utterances)
    with EspeakSpeaker(speech) as speaker:
        paths = list(SpeechCache(folder).get_or_speak_many(speaker, items))
        utterances = [
            Utterance(
                **asdict(Instruction(number, 0, text, f"{number}")),
                voice=voice.name,
                file=str(path.relative_to(folder)),
                seconds=wav_seconds(path),
            )
            for number, ((text, voice), path) in enumerate(zip(items, paths, strict=True))
        ]
        Utterances.write_index(folder, utterances, speaker.version)
    return folder


def _items(speech: SpeechConfig, num_utterances: int) -> list[tuple[str, Voice]]:
    """Return texts that are all different, with the voices that the configuration chooses."""
    texts = [f"{_TEXTS[number % len(_TEXTS)]}, number {number}" for number in range(num_utterances)]
    return [(text, choose_voice(speech.seed, text, speech.num_voices)) for text in texts]
