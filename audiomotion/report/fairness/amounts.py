"""Numbers of a card as people read them."""

from typing import Final

NOT_RECORDED: Final = "not recorded"

_PREFIXES: Final = ("", " k", " M", " G", " T", " P", " E")


def amount(value: float | None) -> str:
    """Return a number with three digits and a prefix: `12.3 M`."""
    if value is None:
        return NOT_RECORDED
    scaled, place = float(value), 0
    while abs(scaled) >= 999.5 and place < len(_PREFIXES) - 1:
        scaled, place = scaled / 1000, place + 1
    return f"{scaled:.3g}{_PREFIXES[place]}"


def duration(seconds: float | None) -> str:
    """Return a time: `8.3 s`, `12 min`, `3.4 h`."""
    if seconds is None:
        return NOT_RECORDED
    if seconds < 99.5:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.3g} min" if seconds < 5970 else f"{seconds / 3600:.3g} h"


def memory(num_bytes: int | None) -> str:
    """Return an amount of memory: `1.25 GB`, of 10^9 bytes."""
    if num_bytes is None:
        return NOT_RECORDED
    number = amount(num_bytes)
    return f"{number}B" if number[-1].isalpha() else f"{number} B"
