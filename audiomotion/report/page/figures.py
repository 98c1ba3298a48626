"""The plots of a report: metrics with their intervals, learning curves."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markupsafe import Markup, escape

from audiomotion.orchestrate.records import RunRecord
from audiomotion.report.curves_plot import curve_panels, launch_curves
from audiomotion.report.guidance import CONVENTION
from audiomotion.report.metric_plot import metric_panels, references_said
from audiomotion.report.metrics import Metric
from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import rendered
from audiomotion.report.plot_style import COLOURS, NEUTRAL
from audiomotion.report.search.contour_plot import contour_plot
from audiomotion.report.search.found import newest_search
from audiomotion.report.table import ResultTable

_VARIABLES: Final[Mapping[str, str]] = {
    **{colour.lower(): f"series-{place}" for place, colour in enumerate(COLOURS, 1)},
    "#000000": "ink",
    "#b0b0b0": "line",
    NEUTRAL.lower(): "muted",
}
"""What the colours of a plot are on a page, light or dark."""

_COLOUR: Final = re.compile("|".join(map(re.escape, _VARIABLES)), re.IGNORECASE)
_ID: Final = re.compile(r' id="([^"]*)"')
_BETTER: Final = {
    "lower": "Lower is better.",
    "higher": "Higher is better.",
    "real": "The nearer to real motion, the better.",
}


@dataclass(frozen=True)
class Picture:
    """One plot."""

    svg: Markup
    """Inline SVG that is safe to put into the page; its colours are the page's variables."""
    title: str
    said: str = ""
    beside: str = ""
    """Figures that stand beside those of the plot, whether its scale reaches them or not."""


@dataclass(frozen=True)
class PictureGroup:
    """Plots that belong together, under a heading."""

    title: str
    said: str
    pictures: Sequence[Picture]


def picture_groups(
    record: RunRecord, table: ResultTable, artifacts: Path, runs: Path
) -> list[PictureGroup]:
    """Return the plots of a launch.

    Args:
        record: The launch.
        table: Its table.
        artifacts: Folder `artifacts` of the store, with the learning curves.
        runs: Folder `runs` of the store, with searches on the same data set.
    """
    metrics = [
        Picture(
            svg=inlined(svg, f"metric-{metric.key}", _in_words(table, metric)),
            title=metric.label,
            said=_BETTER[metric.better],
            beside=references_said(metric, table.references),
        )
        for metric, svg in metric_panels(table).items()
    ]
    curves = [
        Picture(inlined(svg, f"curve-{place}", f"Learning curves, {title}"), title)
        for place, (title, svg) in enumerate(curve_panels(launch_curves(record, artifacts)).items())
    ]
    found = [
        PictureGroup("Metrics by arm", _intervals(table), metrics),
        PictureGroup(
            "Learning curves",
            "The mean over seeds, and each seed faintly; what all arms share is drawn once.",
            curves,
        ),
        *_guidance(record, runs),
    ]
    return [group for group in found if group.pictures]


def _guidance(record: RunRecord, runs: Path) -> list[PictureGroup]:
    """Return the objective over both guidance scales, where a search on this data set drew it."""
    search = newest_search(runs, record.dataset)
    if search is None or (svg := contour_plot(search, form="inline")) is None:
        return []
    said = f"Search {search.id}, on the {search.split} split. {CONVENTION}."
    words = f"{search.label(0)}, over both guidance scales"
    picture = Picture(inlined(svg, "guidance", words), search.label(0))
    return [PictureGroup("Guidance scales", said, [picture])]


def figures_section(groups: Sequence[PictureGroup]) -> Section | None:
    """Return the section of all plots; None where there is none."""
    return Section("plots", "Plots", rendered("figures", groups=groups)) if groups else None


def inlined(svg: bytes, name: str, label: str) -> Markup:
    """Return a plot as part of a page: named, in the page's colours, as wide as there is room.

    Args:
        svg: What matplotlib wrote; text in it is escaped already.
        name: What its ids begin with, so that two plots share none.
        label: What it shows, for those who do not see it.
    """
    text = svg.decode().replace("xlink:href", "href")
    text = text[text.index("<svg") :]
    head, body = text.split(">", 1)
    (box,) = re.findall(r'viewBox="([^"]+)"', head)
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = _own_ids(body, name)
    body = _COLOUR.sub(lambda found: f"var(--{_VARIABLES[found[0].lower()]})", body)
    body = re.sub(r"font-family: [^;\"]+;?|'DejaVu Sans'[^;\"]*", "", body)
    head = f'<svg viewBox="{box}" role="img" aria-label="{escape(label)}">'
    return Markup(head + re.sub(r"\n\s*", "\n", body))


def _own_ids(body: str, name: str) -> str:
    """Prefix the ids that are referred to, and drop the others."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))
    body = _ID.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", body)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", body)


def _in_words(table: ResultTable, metric: Metric) -> str:
    """Return the figures of a metric as a sentence."""
    rows = [row for row in (*table.references, *table.rows) if metric.key in row.figures]
    told = "; ".join(f"{row.name} {row.figures[metric.key]}" for row in rows)
    return f"{metric.label} by arm: {told}"


def _intervals(table: ResultTable) -> str:
    seeds = max((len(row.by_seed) for row in table.rows), default=0)
    if seeds > 1:
        return f"Mean and 95 % interval over {seeds} training seeds; a small bar is one seed."
    if any(figure.half_width for row in table.rows for figure in row.figures.values()):
        return "Each arm was trained once; the interval is over the repeats of its evaluation."
    return "Each arm was trained and measured once: there is no interval."
