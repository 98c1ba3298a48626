"""What `amx data oral` shows while it works: how far, how fast, at what cost."""

import time
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from audiomotion.cli.console import errors
from audiomotion.rewrite.job import Tally

_SECONDS_BETWEEN_PLAIN_LINES: Final = 15.0


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost, in any currency; None where nobody said."""

    per_million_in: float | None
    per_million_out: float | None

    def of(self, tokens_in: int, tokens_out: int) -> float | None:
        """Return what tokens cost."""
        if self.per_million_in is None and self.per_million_out is None:
            return None
        return (
            tokens_in * (self.per_million_in or 0.0) + tokens_out * (self.per_million_out or 0.0)
        ) / 1e6


class RewriteProgress:
    """One line on stderr: how many, how fast, how long still, what it costs."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self.started = self._printed = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> "RewriteProgress":
        """Start the live line, on a terminal."""
        console = Console(stderr=True, highlight=False)
        if console.is_terminal and not errors.quiet:
            self._live = Live(console=console, transient=True, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the live line."""
        if self._live is not None:
            self._live.stop()

    def __call__(self, tally: Tally) -> None:
        """Show how far it is."""
        now = time.monotonic()
        if self._live is not None:
            self._live.update(Text(self.line(tally, now)))
        elif now - self._printed > _SECONDS_BETWEEN_PLAIN_LINES:
            self._printed = now
            errors.say(self.line(tally, now))

    def line(self, tally: Tally, now: float) -> str:
        """Return the line as it is at a time of the monotonic clock."""
        rate = tally.done / max(now - self.started, 1e-9)
        parts = [f"  {tally.done}/{tally.total} rewrites"]
        if tally.done:
            parts.append(f"{rate:.1f}/s")
            parts.append(f"{duration((tally.total - tally.done) / rate)} left")
        if tally.tokens_in or tally.tokens_out:
            parts.append(f"{short(tally.tokens_in + tally.tokens_out)} tokens")
        cost = self._prices.of(tally.tokens_in, tally.tokens_out)
        if cost is not None:
            parts.append(f"cost {cost:.2f}")
        return "  ".join(parts)


def short(number: int) -> str:
    """Return a number in few characters: 1.2M, 3.4k, 56."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.1f}{letter}"
    return str(number)


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
