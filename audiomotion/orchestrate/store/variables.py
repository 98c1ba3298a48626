"""What the environment says of a store behind a URL, on this machine."""

import hashlib
import os
from pathlib import Path
from typing import Final

from audiomotion.errors import ConfigError
from audiomotion.orchestrate.store.remote import endpoint

_LEASE_SECONDS: Final = 30.0
_DEFAULT_GB: Final = 50.0


def limit_bytes() -> int:
    """Return how much may be kept: `AMX_CACHE_GB`.

    Raises:
        ConfigError: It is not a number.
    """
    text = os.environ.get("AMX_CACHE_GB") or str(_DEFAULT_GB)
    try:
        return int(float(text) * 1e9)
    except ValueError as error:
        raise ConfigError(f"AMX_CACHE_GB is {text!r}; it must be a number of gigabytes") from error


def mirror_folder(url: str) -> Path:
    """Return where the mirror of a URL is on this machine: below `AMX_CACHE`."""
    base = os.environ.get("AMX_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    root = Path(base).expanduser() if base else Path(home).expanduser() / "audiomotion"
    # One bucket name means different things at different endpoints.
    return root / hashlib.sha256(f"{endpoint() or ''} {url}".encode()).hexdigest()[:16]


def lease_seconds() -> float:
    """Return how long a holder of a claim may be silent: `AMX_LEASE_SECONDS`.

    Raises:
        ConfigError: It is not a number above 0.
    """
    text = os.environ.get("AMX_LEASE_SECONDS") or str(_LEASE_SECONDS)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise ConfigError(f"AMX_LEASE_SECONDS is {text!r}; it must be a number of seconds above 0")
    return seconds
