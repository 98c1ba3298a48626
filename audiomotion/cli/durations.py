"""Durations as people say them."""

_MINUTE, _HOUR = 60, 3600


def spoken_seconds(seconds: float) -> str:
    """Return a duration: `0.4 s`, `12 s`, `3 min 20 s`, `5 h 7 min`, `120 h`."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 1 else f"{seconds:.0f} s"
    if seconds < _HOUR:
        minutes, rest = divmod(round(seconds), _MINUTE)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(seconds / _MINUTE), _MINUTE)
    return f"{hours} h {rest} min" if rest and hours < 100 else f"{hours} h"


def spoken_hours(hours: float, unit: str) -> str:
    """Return a number of CPU-hours or GPU-hours: `1.5 CPU-hours`, `0 GPU-hours`."""
    number = f"{hours:.2g}" if hours < 10 else f"{hours:.0f}"
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"
