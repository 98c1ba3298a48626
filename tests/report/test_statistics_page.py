"""The page on statistics: its example runs, and its table of intervals is counted again."""

import doctest
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student

from audiomotion.report.statistics import Figure, over_repeats, over_seeds

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
REPEATS_ROW = re.compile(r"^\| (\d+) \| ([\d.]+) \|$", re.MULTILINE)
ROW = re.compile(r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)


def test_the_example_runs_and_its_numbers_are_those_of_the_page():
    text = PAGE.read_text(encoding="utf-8").replace("```", "")
    example = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    found: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
        example, out=found.append
    )
    assert result.attempted == 14 and not result.failed, "".join(found)


def rows() -> list[tuple[str, ...]]:
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


def covered(draws, mean: float, interval: Callable[[list[float]], Figure] = over_seeds) -> float:
    """Return the share of rows whose interval, over seeds or repeats, holds the true mean."""
    found = [interval(values) for values in draws.tolist()]
    return float(np.mean([abs(one.mean - mean) <= one.half_width for one in found]))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0]} seeds")
def test_the_intervals_hold_as_often_as_the_page_says(row: tuple[str, ...]):
    size = 20_000, int(row[0])
    rng = np.random.default_rng(size[1])
    found = [
        covered(rng.normal(size=size), 0),
        covered(rng.exponential(size=size), 1),
        covered(rng.exponential(size=size) - rng.exponential(size=size), 0),
    ]
    assert found == pytest.approx([float(told) for told in row[1:]], abs=0.005)
    assert 0.93 <= found[0] <= 0.97
    assert 0.93 <= found[2] <= 0.97


def test_the_page_has_few_usual_and_many_seeds():
    assert [row[0] for row in rows()] == ["3", "5", "10"]


def test_the_published_intervals_hold_as_often_as_the_page_says():
    """Where they hold is where Student's t is below 1.96, times what ddof 0 makes too small."""
    rows = REPEATS_ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert [row[0] for row in rows] == ["5", "10", "20"]
    for repeats, told in ((int(row[0]), float(row[1])) for row in rows):
        draws = np.random.default_rng(repeats).normal(size=(20_000, repeats))
        exact = 1 - 2 * student.sf(1.96 * np.sqrt((repeats - 1) / repeats), repeats - 1)
        assert told == pytest.approx(exact, abs=0.0005)
        assert covered(draws, 0, over_repeats) == pytest.approx(told, abs=0.006)
