"""How plots of a launch look: readable in print, in grey, and by the colour-blind."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PlotFormat = Literal["png", "svg", "inline"]
"""`inline` is SVG for a page that brings fonts and colours: text stays text, nothing behind it."""

NEUTRAL: Final = "#555555"
"""Of what belongs to no arm: real motion, stages that all arms share."""

# Okabe and Ito's, without the yellow that white paper swallows.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_LINES: Final = ("-", "--", ":", "-.")
_DPI: Final = 150
_STYLE: Final[dict[Any, Any]] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "text.parse_math": False,  # an arm may be named with a "$"
    "svg.hashsalt": "audiomotion",  # the same plot is the same file
}


@dataclass(frozen=True)
class ArmStyle:
    """How one arm is drawn, in every plot of a launch."""

    colour: str
    marker: str
    line: str


def arm_styles(names: Sequence[str]) -> dict[str, ArmStyle]:
    """Return a style for each arm; of up to seven arms no two share a colour or a marker."""
    return {
        name: ArmStyle(
            COLOURS[place % len(COLOURS)],
            _MARKERS[place % len(_MARKERS)],
            _LINES[place // len(COLOURS) % len(_LINES)],
        )
        for place, name in enumerate(names)
    }


@contextmanager
def plot_style() -> Iterator[None]:
    """Draw and save what the block draws in the style of all plots."""
    from matplotlib import rc_context  # here, since it costs half a second to import

    with rc_context(_STYLE):
        yield


def rendered(figure: "Figure", form: PlotFormat) -> bytes:
    """Return a figure as a file's content."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    if form == "inline":
        with rc_context({"svg.fonttype": "none"}):
            figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
        return buffer.getvalue()
    metadata = {"Date": None} if form == "svg" else None
    figure.savefig(buffer, format=form, dpi=_DPI, metadata=metadata)
    return buffer.getvalue()
