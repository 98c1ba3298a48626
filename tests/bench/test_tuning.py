"""What `amx bench tune` measures, at sizes that say nothing."""

from dataclasses import replace
from pathlib import Path

from audiomotion.bench.tuning import LOWEST, QUICK, GeneratingWorker, height, surface_costs
from audiomotion.config.resolve import resolve
from audiomotion.orchestrate.trials import TrialTask


def test_the_surface_is_lowest_where_it_says() -> None:
    assert height(*LOWEST) == 0.5
    assert min(height(LOWEST[0] + x, LOWEST[1] + y) for x in (-1, 1) for y in (-1, 1)) > 0.5


def test_a_search_of_the_surface_says_how_far_it_ends(tmp_path: Path) -> None:
    size = replace(QUICK, surface_trials=6, seeds=5)
    above, missed = surface_costs(size, tmp_path)
    assert 0 <= above.value.low <= above.value.high
    assert 0 <= missed.value.median <= 5
    assert not list(tmp_path.iterdir())


def test_the_worker_counts_the_time_in_which_it_works(tmp_path: Path) -> None:
    worker = GeneratingWorker(40, tmp_path)
    experiment = resolve("demo")[0].experiment.model_dump(mode="json")
    metrics = worker.measure(TrialTask(0, 0, experiment))
    assert "fid" in metrics and worker.seconds > 0
