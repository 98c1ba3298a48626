"""What MLflow shows of a launch: configuration, curves, figures, the comparison."""

import logging
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from audiomotion import __version__
from audiomotion.errors import ClusterError, DataError
from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.columns import table_columns
from audiomotion.report.comparison_page import comparison_page
from audiomotion.report.curves_plot import curves_plot, launch_curves
from audiomotion.report.examples import draw_examples
from audiomotion.report.fairness.show import card_sheet
from audiomotion.report.fairness.tracked import tracked_values
from audiomotion.report.metric_plot import metric_plot
from audiomotion.report.metrics import METRICS
from audiomotion.report.page.page import write_report
from audiomotion.report.render.grid import Sheet
from audiomotion.report.render.markdown import markdown
from audiomotion.report.render.sheet import sheet_of
from audiomotion.report.statistics import Figure
from audiomotion.report.table import ResultTable, Row
from audiomotion.report.tables import table_of
from audiomotion.stages.base import AnyStage
from audiomotion.stages.results import CURVES, KEPT
from audiomotion.track.limits import part_of_name
from audiomotion.track.links import COMPARISON_PAGE, REPORT_PAGE
from audiomotion.track.tracker import Tracker
from audiomotion.train.curves import read_curves

logger = logging.getLogger(__name__)


def label(arm: ArmRecord) -> str:
    """Return the name of an arm's child run."""
    return f"{arm.arm}/seed{arm.seed}"


class TrackedLaunch:
    """Follows a launch and writes it to a tracker."""

    def __init__(self, tracker: Tracker, store: ArtifactStore) -> None:
        self.tracker = tracker
        self.store = store

    def begin(self, record: RunRecord) -> None:
        """Open the parent run and one child an arm and seed."""
        tags = {
            "amx.run": record.id,
            "amx.kind": record.kind,
            "amx.axis": record.title,
            "amx.dataset": record.dataset,
            "amx.version": __version__,
            "amx.git_commit": _git_commit(),
        }
        children = {
            label(arm): (
                arm.experiment,
                {"amx.arm": arm.arm, "amx.seed": str(arm.seed), "amx.weights": arm.weights}
                | {f"amx.fingerprint.{stage}": key for stage, key in arm.fingerprints.items()},
            )
            for arm in record.arms
        }
        self.tracker.open_runs(f"{record.title}-{record.dataset}", record.id, tags, children)

    def stage_done(self, record: RunRecord, stage: AnyStage, folder: Path) -> None:
        """Write curves of a training stage, and the step kept, to every arm that uses it."""
        points = read_curves(folder / CURVES)
        if not points:
            return
        kept = {f"{stage.name}_kept_step": float(read_json(folder / KEPT)["step"])}
        for arm in _arms_with(record, stage):
            self.tracker.log_curves(label(arm), stage.name, points)
            self.tracker.log_metrics(label(arm), kept)

    def end(self, record: RunRecord) -> None:
        """Write figures, motions and comparison, and close every run with its verdict."""
        table = table_of(self.store, record)
        card = table.card
        assert card is not None, "what is tracked was trained here"
        rows = {row.name: row for row in table.rows}
        for arm in record.arms:
            own = rows[arm.arm].by_seed.get(arm.seed, {})
            given = tracked_values(card, arm.arm, arm.seed)
            self.tracker.log_metrics(label(arm), _values(own) | given)
            if arm.status == "done":
                self._log_motions(arm)
            self.tracker.end(label(arm), _status(arm), arm.status, arm.reason)
        self.tracker.log_metrics("", launch_metrics(table.rows), result_tags(table.rows))
        self.tracker.log_table(table_columns(table), "comparison.json")
        sheet = sheet_of(table)
        text = markdown(sheet)
        self.tracker.log_text("", text, "comparison.md")
        self.tracker.describe("", text, "comparison.md")
        self.tracker.log_text("", markdown(card_sheet(card)), "fairness.md")
        self._log_pictures(record, table, sheet)
        self._log_report(record, table)
        status = "FINISHED" if record.status == "done" else "FAILED"
        self.tracker.end("", status, record.status)

    def _log_pictures(self, record: RunRecord, table: ResultTable, sheet: Sheet) -> None:
        """Write the comparison as pictures and as a page, which MLflow shows where they lie."""
        curves = launch_curves(record, self.store.artifact_root)
        drawn = {"comparison": metric_plot(table), "curves": curves_plot(curves)}
        pictures = {name: png for name, png in drawn.items() if png is not None}
        with tempfile.TemporaryDirectory() as folder:
            for name, png in pictures.items():
                path = Path(folder) / f"{name}.png"
                path.write_bytes(png)
                self.tracker.log_file("", path)
        self.tracker.log_text("", comparison_page(sheet, pictures), COMPARISON_PAGE)

    def _log_report(self, record: RunRecord, table: ResultTable) -> None:
        """Write the launch as one page; what is wrong with it must not cost the launch its end."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / REPORT_PAGE
            try:
                write_report(record, self.store, table, path)
            except DataError as error:
                logger.warning("MLflow gets no report of %s: %s", record.id, error)
                return
            self.tracker.log_file("", path)

    def _log_motions(self, arm: ArmRecord) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for path in draw_examples(arm, self.store.artifact_root, Path(folder)):
                self.tracker.log_file(label(arm), path, "motions")

    def interrupted(self) -> None:
        """Close every run as killed: nobody else will."""
        try:
            for name in self.tracker.labels():
                self.tracker.end(name, "KILLED", "interrupted")
        except ClusterError as error:
            # What broke the launch off matters more; the next launch closes these runs.
            logger.warning("%s", error)


def launch_metrics(rows: Sequence[Row]) -> dict[str, float]:
    """Return what the parent run shows: by metric and arm, mean, half width, number of seeds.

    The metric comes first, so that MLflow, which sorts and groups by what stands before the slash,
    puts all arms of a metric together.
    """
    found: dict[str, float] = {}
    for row in rows:
        arm = part_of_name(row.name)
        for key, figure in row.figures.items():
            found[f"{key}/{arm}"] = figure.mean
            if figure.half_width is not None:
                found[f"{key}/{arm}_95"] = figure.half_width
        found[f"num_seeds/{arm}"] = float(len(row.by_seed))
    return found


def result_tags(rows: Sequence[Row]) -> dict[str, str]:
    """Return a tag a metric with all arms and intervals: one column of MLflow's table of runs."""
    return {
        f"amx.result.{metric.key}": " · ".join(
            f"{row.name} {row.figures[metric.key]}" for row in own
        )
        for metric in METRICS
        if (own := [row for row in rows if metric.key in row.figures])
    }


def _values(figures: Mapping[str, Figure]) -> dict[str, float]:
    """Return means, and where there are any the half widths of their 95 % intervals."""
    means = {key: figure.mean for key, figure in figures.items()}
    widths = {f"{key}_95": figure.half_width for key, figure in figures.items()}
    return means | {name: width for name, width in widths.items() if width is not None}


def _arms_with(record: RunRecord, stage: AnyStage) -> Iterable[ArmRecord]:
    return (arm for arm in record.arms if arm.fingerprints.get(stage.name) == stage.fingerprint)


def _status(arm: ArmRecord) -> str:
    return "FINISHED" if arm.status == "done" else "FAILED"


def _git_commit() -> str:
    """Return the commit of the checkout that the command runs in, or why there is none."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "not in a git checkout"
    return found.stdout.strip()
