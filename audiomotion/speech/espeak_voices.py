"""The voices of eSpeak NG that captions are spoken with.

The paper speaks each caption with a random speaker of Tortoise; here a speaker is an accent of
English, one of eSpeak's voice variants, a pitch and a rate.
"""

from dataclasses import dataclass

# Neither `en-gb` nor `en-uk` is here: eSpeak lists them, but its library does not load them.
LANGUAGES = (
    "en-us",
    "en",
    "en-gb-x-rp",
    "en-gb-scotland",
    "en-029",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-us-nyc",
)
"""Accents of English, as eSpeak names them."""

VARIANTS = ("m1", "f1", "m2", "f2", "m3", "f3", "m4", "f4", "m5", "f5", "m6", "m7", "m8")
"""eSpeak's male and female voice variants."""

PITCHES = (50, 42, 58)
RATES = (1.0, 0.9, 1.1)


@dataclass(frozen=True)
class Voice:
    """One speaker."""

    language: str
    """Accent, one of `LANGUAGES`."""

    variant: str
    """Voice variant, one of `VARIANTS`."""

    pitch: int = 50
    """0 to 99; 50 is the variant's own."""

    rate: float = 1.0
    """Factor on the configured words per minute."""

    @property
    def name(self) -> str:
        """What eSpeak calls this accent and variant."""
        return f"{self.language}+{self.variant}"


def _voice(index: int) -> Voice:
    # The two counts share no divisor, so each accent meets each variant once.
    return Voice(
        language=LANGUAGES[index % len(LANGUAGES)],
        variant=VARIANTS[index % len(VARIANTS)],
        pitch=PITCHES[index % len(PITCHES)],
        rate=RATES[index // len(PITCHES) % len(RATES)],
    )


VOICES = tuple(_voice(index) for index in range(len(LANGUAGES) * len(VARIANTS)))
"""Every voice, ordered so that any first few are of many accents and both sexes."""
