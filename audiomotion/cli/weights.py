"""Size and licence of published weights, shown before they are fetched."""

import sys
from collections.abc import Iterable

import typer

from audiomotion.cli.console import errors
from audiomotion.config.experiment import Experiment
from audiomotion.config.official import OFFICIAL_WORD
from audiomotion.config.schema import PartSchema
from audiomotion.errors import ConfigError
from audiomotion.pretrained.weights_facts import weights_facts

_IMPORTED = "imagebind_huge.pth"
"""What `official` means: the only frozen encoder that is imported."""

_KEYS = ("weights", "vocoder")
"""What a part calls its published weights."""


def frozen_parts(experiments: Iterable[Experiment]) -> list[PartSchema]:
    """Return the parts of experiments whose weights may be fetched: encoders, and what speaks."""
    parts: list[PartSchema] = []
    for experiment in experiments:
        parts.append(experiment.encoder)
        if experiment.test_text == "transcripts":
            parts.append(experiment.recognizer)
        if experiment.condition == "audio" or experiment.test_text == "transcripts":
            parts.append(experiment.speech)
    return parts


def confirm_weights(parts: Iterable[PartSchema], *, yes: bool) -> None:
    """Show what pre-trained weights some parts use; ask on a terminal unless told not to.

    Raises:
        ConfigError: The answer was no.
    """
    named = [getattr(part, key, None) for part in parts for key in _KEYS]
    named = [_IMPORTED if name == OFFICIAL_WORD else name for name in named]
    facts = [weights_facts(name) for name in dict.fromkeys(named) if name is not None]
    notices = [known.notice for known in facts if known is not None]
    for notice in notices:
        errors.say(f"weights {notice}")
    if notices and not yes and sys.stdin.isatty() and not typer.confirm("Use them?", default=True):
        raise ConfigError("not confirmed; --weights random uses none of them")
