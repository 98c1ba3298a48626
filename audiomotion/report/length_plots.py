"""Figure 2 of the paper, and the other lengths of a data set, as pictures."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import Variant
from audiomotion.report.lengths import Distribution, Lengths

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Told apart in grey and by the colour-blind too (Okabe and Ito).
_COLOURS: Mapping[str, str] = {"original": "#0072B2", "oral": "#D55E00"}
_NEUTRAL = "#555555"
_DPI = 200
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.alpha": 0.25,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def draw_lengths(lengths: Lengths, folder: Path) -> list[Path]:
    """Draw all that was measured; return the files, `feature-lengths.png` among them if it can be.

    Source: Fig. 2 (distribution of audio feature lengths).
    """
    from matplotlib import rc_context

    with rc_context(_STYLE):
        drawn = [_draw_data(lengths, folder / "lengths.png")]
        if lengths.feature_frames:
            drawn.append(_draw_features(lengths, folder / "feature-lengths.png"))
    return drawn


def _draw_features(lengths: Lengths, path: Path) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.2), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    title = f"{lengths.dataset}: audio feature lengths, {lengths.extractor}"
    _draw_variants(axes, lengths.feature_frames, title, "feature frames of an instruction", "")
    if lengths.frame_hz:
        hz = lengths.frame_hz
        above = axes.secondary_xaxis(
            "top", functions=(partial(_scaled, 1 / hz), partial(_scaled, hz))
        )
        above.set_xlabel("seconds", fontsize=8)
        above.tick_params(labelsize=8)
        above.spines["top"].set_visible(True)
    figure.savefig(path, format="png")
    return path


def _scaled(factor: float, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return factor * values


def _draw_data(lengths: Lengths, path: Path) -> Path:
    from matplotlib.figure import Figure

    panels = 3 if lengths.audio_seconds else 2
    figure = Figure(figsize=(3.6 * panels, 2.9), dpi=_DPI, layout="constrained")
    axes = figure.subplots(1, panels)
    clips = lengths.clip_seconds
    axes[0].hist(clips.values, bins=clips.bins(), color=_NEUTRAL, alpha=0.75)
    axes[0].set(
        title=f"{lengths.dataset}: clips (n = {len(clips.values):,}; "
        f"median {np.median(clips.values):.3g} s)",
        xlabel="seconds of motion",
        ylabel="clips",
    )
    _mark_median(axes[0], clips, _NEUTRAL, 1.0)
    _draw_variants(axes[1], lengths.caption_words, "captions", "words", "")
    if panels == 3:
        _draw_variants(axes[2], lengths.audio_seconds, "spoken instructions", "seconds", " s")
    figure.savefig(path, format="png")
    return path


def _draw_variants(
    axes: "Axes", found: Mapping[Variant, Distribution], title: str, label: str, unit: str
) -> None:
    """Draw one histogram a variant over the same bins, each as a share of its own."""
    distributions = list(found.values())
    # Names stand above the tallest bar, and medians end below the names.
    headroom = 1.15 + 0.1 * len(found)
    bins = distributions[0].bins(distributions[1:])
    for variant, lengths in found.items():
        colour = _COLOURS[variant]
        median = float(np.median(lengths.values))
        name = f"{variant} (n = {len(lengths.values):,}; median {median:.3g}{unit})"
        weights = np.full(len(lengths.values), 100.0 / len(lengths.values))
        shares, _ = np.histogram(lengths.values, bins, weights=weights)
        axes.stairs(shares, bins, fill=True, color=colour, alpha=0.3)
        axes.stairs(shares, bins, color=colour, linewidth=1.2, label=name)
        _mark_median(axes, lengths, colour, 1.0 / headroom)
    axes.set(title=title, xlabel=label, ylabel="share of instructions (%)")
    axes.set_ylim(top=axes.get_ylim()[1] * headroom)
    axes.legend(loc="upper right")


def _mark_median(axes: "Axes", lengths: Distribution, colour: str, height: float) -> None:
    median = float(np.median(lengths.values))
    axes.axvline(median, ymax=height, color=colour, linewidth=1.0, linestyle="--")
