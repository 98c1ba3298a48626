"""Size and licence of published weights, shown before they are fetched."""

import sys

import typer

from audiomotion.cli.console import errors
from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.schema import PartSchema
from audiomotion.errors import ConfigError
from audiomotion.extract.weights_facts import weights_facts
from audiomotion.orchestrate.launch import Request


def confirm_weights(request: Request, *, yes: bool) -> None:
    """Show what pre-trained weights a launch uses; ask on a terminal unless told not to.

    Raises:
        ConfigError: The answer was no.
    """
    encoders: list[PartSchema] = [experiment.encoder for _, experiment in request.arms]
    names = [
        encoder.weights
        for encoder in encoders
        if isinstance(encoder, PretrainedSchema) and encoder.weights != "random"
    ]
    facts = [weights_facts(name) for name in dict.fromkeys(names)]
    notices = [known.notice for known in facts if known is not None]
    for notice in notices:
        errors.say(f"weights {notice}")
    if notices and not yes and sys.stdin.isatty() and not typer.confirm("Use them?", default=True):
        raise ConfigError("not confirmed; --weights random uses none of them")
