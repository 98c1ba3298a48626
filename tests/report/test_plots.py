"""Pictures of a launch: their text is read from the SVG, their data from the figures drawn."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from audiomotion.report import metric_plot as metric_plots
from audiomotion.report.building import build_table
from audiomotion.report.comparison import compare
from audiomotion.report.curves_plot import MOST_ARMS as MOST_CURVES
from audiomotion.report.curves_plot import Curve, _mean, _thinned, curves_plot, launch_curves
from audiomotion.report.metric_plot import MOST_ARMS, metric_plot
from audiomotion.report.plot_style import arm_styles, plot_style
from audiomotion.report.statistics import Figure
from audiomotion.report.table import ResultTable, Row
from audiomotion.stages.results import CURVES
from audiomotion.train.curves import Curves
from tests.report.launches import done, failed, launch, result


def empty_table(rows, references=()) -> ResultTable:
    """Return a table of rows with nothing beside them."""
    return ResultTable(
        "t", "demo", rows, references, systems=(), published=(), published_only=(), notes=(),
        card=None, comparison=compare({}, None),
    )  # fmt: skip


def texts(svg: bytes) -> str:
    """Return what the pictures' comments keep of every text."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    root = ET.fromstring(svg, parser)
    return "\n".join(node.text or "" for node in root.iter(ET.Comment))


@pytest.fixture
def record(tmp_path: Path):
    return launch(
        tmp_path,
        done(tmp_path, "a $1 arm", 0, result([1.0, 3.0])),
        done(tmp_path, "a $1 arm", 1, result([2.0, 4.0])),
        done(tmp_path, "encodec", 0, result([9.0, 9.0])),
        failed("log-mel", 0, "no data"),
    )


def test_every_arm_and_metric_is_there_and_what_failed_is_said(record, tmp_path) -> None:
    said = texts(metric_plot(build_table(record, tmp_path), "svg"))
    for words in ("a $1 arm", "encodec", "FID ↓", "R-top1 ↑", "Diversity →"):
        assert words in said
    assert "feature-extractor on demo; no result: log-mel" in said
    assert "Student's t over 2 seeds" in said
    assert "real motion 0.250 · RVQ reconstruction 0.500" in said
    assert "MultiModality" not in said


def test_intervals_and_seeds_are_where_the_table_has_them(record, tmp_path) -> None:
    table = build_table(record, tmp_path)
    rows = [row for row in table.rows if row.figures]
    (fid,) = [metric for metric in metric_plots.METRICS if metric.key == "fid"]
    with plot_style():
        axes = metric_plots._draw(table, rows, [fid]).axes[0]
    seeds, means = axes.lines[0], axes.lines[1]
    assert list(seeds.get_xdata()) == [2.0, 3.0]
    assert list(means.get_xdata()) == [2.5]
    (whisker, *_) = axes.collections
    low, high = sorted(whisker.get_segments()[0][:, 0])
    assert (high - low) / 2 == pytest.approx(rows[0].figures["fid"].half_width)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a $1 arm", "encodec"]
    top, bottom = axes.get_ylim()[::-1]
    assert top < 0 < 1 < bottom


def test_a_reference_far_off_does_not_squeeze_the_arms(tmp_path) -> None:
    arms = [Row(name, {"fid": Figure(mean)}) for name, mean in (("a", 100.0), ("b", 101.0))]
    real = Row("real motion", {"fid": Figure(0.002)})
    table = empty_table(arms, [real])
    (fid, *_) = metric_plots.METRICS
    with plot_style():
        axes = metric_plots._draw(table, arms, [fid]).axes[0]
    assert axes.get_xlim()[0] > 90
    assert "real motion 0.002" in texts(metric_plot(table, "svg"))


def test_one_model_has_no_interval_over_seeds(tmp_path) -> None:
    one = launch(tmp_path, done(tmp_path, "wavlm", 0, result([1.0, 3.0])))
    said = texts(metric_plot(build_table(one, tmp_path), "svg"))
    assert "95 % over its evaluation's repeats" in said and "seed" not in said


def test_of_very_many_arms_the_first_are_drawn_and_it_is_said() -> None:
    rows = [Row(f"arm{number}", {"fid": Figure(float(number))}) for number in range(MOST_ARMS + 5)]
    said = texts(metric_plot(empty_table(rows), "svg"))
    assert f"the first {MOST_ARMS} of {MOST_ARMS + 5} arms" in said
    assert f"arm{MOST_ARMS - 1}" in said and f"arm{MOST_ARMS}\n" not in said


def test_no_figure_and_no_curve_make_no_picture() -> None:
    table = empty_table([Row("wavlm", {}, reason="x")])
    assert metric_plot(table) is None
    assert curves_plot([]) is None


def test_the_same_plot_is_the_same_file(record, tmp_path) -> None:
    table = build_table(record, tmp_path)
    assert metric_plot(table, "svg") == metric_plot(table, "svg")
    assert metric_plot(table).startswith(b"\x89PNG")


def test_seven_arms_differ_in_colour_and_in_marker() -> None:
    styles = list(arm_styles([str(number) for number in range(28)]).values())
    assert len({style.colour for style in styles[:7]}) == 7
    assert len({style.marker for style in styles[:7]}) == 7
    assert len({(style.colour, style.line) for style in styles}) == 28


def test_curves_of_a_launch_with_what_is_shared_once(record, tmp_path) -> None:
    for arm in record.arms:
        arm.fingerprints["rvq"] = "shared"
    for stage, key in [("rvq", "shared"), *(("masked", f"masked-{n}") for n in NAMES)]:
        folder = tmp_path / stage / key
        folder.mkdir(parents=True)
        Curves(folder / CURVES).add(10, {"loss": 0.5, "top1": 0.1})
    curves = launch_curves(record, tmp_path)
    assert [(one.stage, one.arm, one.seed) for one in curves] == [
        ("masked", "a $1 arm", 0),
        ("rvq", "all arms", 0),
        ("masked", "a $1 arm", 1),
        ("masked", "encodec", 0),
    ]
    said = texts(curves_plot(curves, "svg"))
    for words in ("rvq: loss", "masked: loss", "a $1 arm", "all arms"):
        assert words in said
    assert "top1" not in said


NAMES = ("a $1 arm-0", "a $1 arm-1", "encodec-0")


def test_a_large_range_is_drawn_on_a_logarithmic_scale() -> None:
    points = [{"step": step, "loss": 1.0 / step} for step in range(1, 101)]
    said = texts(curves_plot([Curve("rvq", "wavlm", 0, points)], "svg"))
    assert "0.01" in said and "mathdefault" not in said


def test_the_mean_ends_with_the_first_seed_that_ends() -> None:
    assert _mean([{1: 1.0, 2: 2.0, 3: 9.0}, {1: 3.0, 2: 4.0}]) == {1: 2.0, 2: 3.0}


def test_a_long_curve_is_thinned_out_but_keeps_its_end() -> None:
    steps, values = _thinned({step: float(step) for step in range(10_001)})
    assert len(steps) <= 502
    assert (steps[0], steps[-1], values[-1]) == (0, 10_000, 10_000.0)
    assert _thinned({5: 1.0}) == ([5], [1.0])


def test_of_more_curves_than_can_be_told_apart_the_first_are_drawn() -> None:
    points = [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.9}]
    arms = [f"arm{number}" for number in range(MOST_CURVES + 2)]
    said = texts(curves_plot([Curve("masked", arm, 0, points) for arm in arms], "svg"))
    assert f"the first {MOST_CURVES} of {MOST_CURVES + 2} arms" in said
    assert arms[MOST_CURVES - 1] in said and arms[MOST_CURVES] not in said
