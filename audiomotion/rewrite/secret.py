"""The key of an endpoint: where it comes from, and that it is never shown."""

import os
from pathlib import Path
from typing import Final

from audiomotion.config.rewriters import OpenaiConfig
from audiomotion.errors import ConfigError

_SHORTEST_HIDDEN: Final = 4
"""Shorter "keys" ("x", for servers that want none) are words that may stand anywhere."""


class Secret:
    """A key that prints as stars; only `value` has it."""

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Secret(***)"

    def hidden_in(self, text: str) -> str:
        """Return `text` without the key: an endpoint may repeat it in what it answers."""
        return text.replace(self.value, "***") if len(self.value) >= _SHORTEST_HIDDEN else text

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled: it would end up in a file or a job description")


def read_key(config: OpenaiConfig) -> Secret:
    """Return the endpoint's key out of its file or its environment variable.

    Raises:
        ConfigError: There is none, or it cannot be a key; the message does not show it.
    """
    if config.key_file is not None:
        where = f"the file {config.key_file}"
        try:
            key = Path(config.key_file).expanduser().read_text("utf-8").strip()
        except UnicodeDecodeError:
            raise ConfigError(f"key_file: {where} is no text; it must hold the key alone") from None
        except OSError as error:
            raise ConfigError(
                f"key_file: {where} cannot be read ({error.strerror}); it must hold the key alone"
            ) from error
    else:
        where = f"the environment variable {config.key_variable}"
        key = os.environ.get(config.key_variable, "").strip()
    if not key:
        raise ConfigError(
            f"rewriter openai: {where} holds no key for {config.base_url}; put the key there, or "
            "name another place with --key-file FILE or --key-variable NAME (for a server of your "
            "own that asks for none, any word will do)"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            f"rewriter openai: what {where} holds is no key: it has spaces, line ends or letters "
            "that no key has; it must hold the key alone"
        )
    return Secret(key)
