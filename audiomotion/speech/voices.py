"""Who speaks what: one voice for each utterance, drawn by its name alone."""

from collections.abc import Sequence
from hashlib import sha256
from math import ceil

from audiomotion.config.speech import SpeechSchema
from audiomotion.errors import ConfigError

HELD_OUT_SHARE = 0.25
"""Share of the speakers that `test_voices: held-out` keeps for the val and test splits."""


def first_voices(available: Sequence[str], num_voices: int) -> tuple[str, ...]:
    """Return the first `num_voices` of the voices of a synthesizer.

    Raises:
        ConfigError: There are not so many.
    """
    if not 1 <= num_voices <= len(available):
        raise ConfigError(
            f"speech.num_voices: {num_voices} is not between 1 and {len(available)}, "
            "the number of voices there are"
        )
    return tuple(available[:num_voices])


def choose_voice(seed: int, key: str, voices: Sequence[str]) -> str:
    """Choose one of `voices` for the utterance named `key`.

    The choice depends on the arguments alone, never on what was spoken before.
    """
    digest = sha256(f"{seed}\0{key}".encode()).digest()
    return voices[int.from_bytes(digest[:8], "big") % len(voices)]


class VoicePlan:
    """Which voice speaks which utterance.

    Args:
        config: Seed, and whether the test split has speakers of its own.
        voices: The voices to draw from.
        speakers: The person behind each of them: one person at two pitches is no new speaker.

    Raises:
        ConfigError: There are too few speakers to hold some out.
    """

    def __init__(
        self, config: SpeechSchema, voices: Sequence[str], speakers: Sequence[str]
    ) -> None:
        self._seed = config.seed
        self.train = self.test = tuple(voices)
        if config.test_voices == "held-out":
            people = sorted(set(speakers), key=lambda name: _rank(config.seed, name))
            if len(people) < 2:
                raise ConfigError(
                    f"speech.test_voices: held-out needs at least 2 speakers, but the "
                    f"{len(voices)} voices of speech.num_voices are of {len(people)}; raise "
                    "speech.num_voices, or choose shared"
                )
            held_out = set(people[: ceil(HELD_OUT_SHARE * len(people))])
            pairs = list(zip(voices, speakers, strict=True))
            self.train = tuple(voice for voice, person in pairs if person not in held_out)
            self.test = tuple(voice for voice, person in pairs if person in held_out)

    def voice_of(self, key: str, split: str) -> str:
        """Return the voice of the utterance named `key`, which belongs to a clip of `split`."""
        return choose_voice(self._seed, key, self.train if split == "train" else self.test)


def _rank(seed: int, name: str) -> bytes:
    return sha256(f"held-out\0{seed}\0{name}".encode()).digest()
