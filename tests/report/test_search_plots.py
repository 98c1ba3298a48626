"""Plots of searches: what they are drawn from, and that they are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiomotion.report.search.contour_plot import contour_plot, scale_points, surface
from audiomotion.report.search.found import FoundSearch, found_search, newest_search
from audiomotion.report.search.front_plot import front_plot
from audiomotion.report.search.history_plot import best_so_far, history_plot
from audiomotion.tune.importance import importances
from audiomotion.tune.plots import plots_of
from audiomotion.tune.record import TuneRecord
from tests.tune import surface as known


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def record(store: Path) -> TuneRecord:
    return known.run(store, 30)


@pytest.fixture(scope="module")
def search(record: TuneRecord) -> FoundSearch:
    return found_search(asdict(record))


def test_a_pruned_trial_has_what_it_had_reached(search: FoundSearch) -> None:
    pruned = [trial for trial in search.trials if trial.status == "pruned"]
    assert pruned and all(len(trial.values) == 1 for trial in pruned)
    assert not any(trial.counts for trial in pruned)


def test_the_best_so_far_never_gets_worse_and_ends_at_the_winner(search: FoundSearch) -> None:
    values = [value for _, value in best_so_far(search, 0)]
    assert values == sorted(values, reverse=True)
    assert search.winner is not None
    assert values[-1] == search.trials[search.winner].values[0]


def test_equal_places_are_one_point_with_the_mean(search: FoundSearch) -> None:
    points, values = scale_points(search, 0)
    assert len(points) == len({tuple(point) for point in points}) == len(values)


def test_the_surface_is_near_what_was_measured_and_nowhere_else() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(1, 10, (60, 2))
    values = np.array([known.height(*point) for point in points])
    found = surface(points, values)
    assert found is not None
    x, y, z = found
    inside = ~np.isnan(z)
    truth = np.vectorize(known.height)(x, y)
    assert inside.mean() > 0.5
    assert np.abs(z - truth)[inside].mean() < 0.05 * np.ptp(values)
    assert np.nanmin(z) >= values.min() and np.nanmax(z) <= values.max()


@pytest.mark.parametrize("points", [[[1.0, 1.0]] * 3, [[float(x), 2.0 * x] for x in range(9)]])
def test_too_few_points_or_a_line_have_no_surface(points: Sequence[Sequence[float]]) -> None:
    places = np.array(points)
    assert surface(places, np.arange(len(places), dtype=float)) is None


def test_what_can_be_drawn_is_drawn(record: TuneRecord, search: FoundSearch) -> None:
    assert {"contour", "history"} <= set(plots_of(record))
    assert front_plot(search) is None
    svg = (contour_plot(search, form="inline") or b"").decode()
    for said in ("winner: trial", "no guidance", "read as c", "read as s = c", "FID, lower"):
        assert said in svg
    assert b"pruned: mean of the repeats" in (history_plot(search, form="inline") or b"")


def test_a_front_and_a_contour_an_objective(tmp_path: Path) -> None:
    objective: Mapping[str, Any] = {"metrics": ["fid", "top3"]}
    record = known.run(tmp_path, 12, known.search(objective=objective, sampler="nsga2"))
    drawn = plots_of(record)
    assert {"contour-fid", "contour-top3", "front", "history"} <= set(drawn)
    assert all(png.startswith(b"\x89PNG") for png in drawn.values())


def test_importances_are_shares(tmp_path: Path) -> None:
    config = known.search(sampler="random", pruning={"error_level": 0})
    shares = importances(known.run(tmp_path, 30, config))
    assert sum(shares.values()) == pytest.approx(1)
    assert shares[known.MASKED] > shares[known.RESIDUAL]
    assert importances(known.run(tmp_path / "few", 4)) == {}


def test_the_newest_search_of_a_data_set_is_found(store: Path, record: TuneRecord) -> None:
    found = newest_search(store / "runs", "demo")
    assert found is not None and found.id == record.id
    assert newest_search(store / "runs", "kit") is None
