"""The colours of a report: each for light and for dark, as CSS variables."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PALETTE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "page": ("#ffffff", "#0f1318"),
        "surface": ("#f5f7f9", "#181e26"),
        "ink": ("#1b2128", "#e8edf2"),
        "muted": ("#55606c", "#a3b0bd"),
        "line": ("#d3dae1", "#333d49"),
        "control": ("#76818d", "#7d8996"),
        "accent": ("#0a5cb8", "#79bcff"),
        "on-accent": ("#ffffff", "#0f1318"),
        "failed": ("#b3261e", "#ff9d94"),
        "left": ("#0a5cb8", "#6cb6ff"),
        "right": ("#b8490a", "#ffa657"),
        "middle": ("#3d4650", "#cbd5df"),
        "series-1": ("#0a5cb8", "#6cb6ff"),
        "series-2": ("#b8490a", "#ffa657"),
        "series-3": ("#00735c", "#4cc9a4"),
        "series-4": ("#9c2f7f", "#ec8fd0"),
        "series-5": ("#5a4fcf", "#b3a9ff"),
        "series-6": ("#7a6000", "#d9b93b"),
        "series-7": ("#b3261e", "#ff8f86"),
        "series-8": ("#4b5763", "#b4c0cc"),
    }
)
"""By the variable's name: light, dark.

Left and right differ in lightness too, so that they are told apart without colour.
"""

NUM_SERIES: Final = sum(name.startswith("series-") for name in PALETTE)
"""Arms that have a colour of their own; a further one shares the first's."""


def palette_css() -> str:
    """Return the variables: the system's choice of light or dark, and the reader's above it."""
    light, dark = (_declared(place) for place in (0, 1))
    return (
        f":root{{color-scheme:light;{light}}}\n"
        "@media (prefers-color-scheme:dark){"
        f":root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
        f"@media print{{:root:root:root{{color-scheme:light;{light}}}}}\n"
    )


def _declared(place: int) -> str:
    return "".join(f"--{name}:{values[place]};" for name, values in PALETTE.items())
