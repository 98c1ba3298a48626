"""The sheet of a launch: arms beside published figures, differences, both noises."""

from collections.abc import Iterator, Sequence

from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY, Metric
from audiomotion.report.published import PublishedFigures, PublishedRow, published_rows
from audiomotion.report.render.grid import Cell, Grid, GridRow, Heading, Kind, Sheet, texts
from audiomotion.report.render.signs import sign_notes, sign_of
from audiomotion.report.statistics import Figure, two_noises
from audiomotion.report.table import ResultTable, Row


def sheet_of(table: ResultTable) -> Sheet:
    """Return what every printed form of a launch's table shows."""
    return Sheet(
        grids=[_main(table), *difference_grids(table), *noise_grids(table)],
        warnings=warnings_of(table),
        notes=[*table.notes, *sign_notes(table)],
    )


def warnings_of(table: ResultTable) -> list[str]:
    """Return which arms have no result, and where arms were not given alike."""
    failures = [f"{row.name}: {row.reason}" for row in table.rows if row.reason]
    return [*failures, *(f"Warning: {sentence}" for sentence in table.warnings)]


def _main(table: ResultTable) -> Grid:
    own = [Heading("arm"), *(Heading(metric.heading) for metric in METRICS)]
    groups = [
        [_main_row(row, table, "reference") for row in table.references],
        [_main_row(row, table, "measured") for row in table.rows],
        [_main_row(row, table, "measured") for row in table.systems],
        [_main_row(row, table, "published") for row in table.published_only],
    ]
    return Grid(
        title=f"{table.title} on {table.dataset}",
        headings=[*own, *(Heading(published_heading(source)) for source in table.published)],
        groups=[group for group in groups if group],
    )


def _main_row(row: Row, table: ResultTable, kind: Kind) -> GridRow:
    own = [Cell(row.name), *(_figure_cell(row, metric, table) for metric in METRICS)]
    beside = row.published or [None] * len(table.published)
    pairs = enumerate(zip(beside, table.published, strict=True))
    published = [_published_cell(row, place, found, source) for place, (found, source) in pairs]
    return GridRow([*own, *published], kind)


def _figure_cell(row: Row, metric: Metric, table: ResultTable) -> Cell:
    figure = row.figures.get(metric.key)
    mark = table.comparison.marks.get((row.name, metric.key))
    return Cell(figure_text(figure), mark, hint=" ".join(dict.fromkeys(row.artifacts.values())))


def published_heading(source: PublishedFigures) -> str:
    """Return the heading of a column of published figures, which names what it holds."""
    labels = " · ".join(metric.label for metric in _published_metrics(source))
    return f"published, {source.place} ({labels})"


def _published_cell(
    row: Row, place: int, found: PublishedRow | None, source: PublishedFigures
) -> Cell:
    if found is None:
        return Cell(figure_text(None))
    verdicts = row.verdicts[place] if row.verdicts else {}
    parts = [
        figure_text(found.figures.get(metric.in_paper)) + sign_of(verdicts.get(metric.key))
        for metric in _published_metrics(source)
    ]
    return Cell(" · ".join(parts))


def _published_metrics(source: PublishedFigures) -> list[Metric]:
    """Return the metrics of a published table, whichever of its rows are shown."""
    rows = published_rows(source.table, source.dataset).values()
    keys = {key for row in rows for key in row.figures}
    return [metric for metric in (*METRICS, *PUBLISHED_ONLY) if metric.in_paper in keys]


def figure_text(figure: Figure | None) -> str:
    """Return a figure as every form prints it; a dash where there is none."""
    return "–" if figure is None else str(figure)


def difference_grids(table: ResultTable) -> Iterator[Grid]:
    """Yield the arms' differences to the baseline: tested over seeds, or over one model's draws."""
    baseline = table.comparison.baseline
    rows = [GridRow(cells) for row in table.rows if (cells := _difference_cells(row, table))]
    if baseline is None or not rows:
        return
    what = "over training seeds (bold: at 5 % after Holm)"
    if table.sampling:
        what = "one training seed: noise of sampling only"
    yield Grid(
        title=f"Differences to {baseline}, {what}",
        headings=[Heading("arm"), *(Heading(_compared_label(metric)) for metric in METRICS)],
        groups=[rows],
    )


def _compared_label(metric: Metric) -> str:
    if metric.better == "real":
        return f"{metric.label}, distance to real ↓"
    return metric.heading


def _difference_cells(row: Row, table: ResultTable) -> list[Cell]:
    found = [_difference_cell(row.name, metric.key, table) for metric in METRICS]
    return [Cell(row.name), *(cell or Cell("–") for cell in found)] if any(found) else []


def _difference_cell(arm: str, metric: str, table: ResultTable) -> Cell | None:
    if sampled := table.sampling.get((arm, metric)):
        return Cell(_signed(sampled.mean, sampled.half_width))
    tested = table.comparison.against_baseline(arm, metric)
    if tested is None or table.sampling or not table.has_seeds:
        return None
    own = tested.difference
    details = [] if own.effect is None else [f"d {own.effect:.2f}".replace("-", "−")]
    details += [] if tested.p_holm is None else [f"p {tested.p_holm:.2g}"]
    text = _signed(own.mean, own.half_width) + (f" ({', '.join(details)})" if details else "")
    return Cell(text, "best" if tested.significant else None)


def _signed(mean: float, half_width: float | None) -> str:
    text = f"{mean:+.3f}".replace("-", "−")
    return text if half_width is None else f"{text} ± {half_width:.3f}"


def noise_grids(table: ResultTable) -> Iterator[Grid]:
    """Yield both noises of every arm, where there are several training seeds."""
    if table.has_seeds:
        yield Grid(
            title="Two noises: half widths over the repeats of one model · over training seeds",
            headings=[Heading("arm"), *(Heading(metric.label) for metric in METRICS)],
            groups=[[GridRow(_noise_cells(row)) for row in table.rows if row.by_seed]],
        )


def _noise_cells(row: Row) -> Sequence[Cell]:
    return texts(f"{row.name} ({len(row.by_seed)} seeds)", *(_noise(row, m) for m in METRICS))


def _noise(row: Row, metric: Metric) -> str:
    figures = [one[metric.key] for one in row.by_seed.values() if metric.key in one]
    if not figures:
        return "–"
    noises = two_noises(figures)
    widths = (noises.over_repeats, noises.over_seeds)
    return " · ".join("–" if width is None else f"{width:.3f}" for width in widths)
