"""The same arm that does nothing, run by what Ray itself offers: Tune trials, and jobs."""

import io
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audiomotion.bench.timing import Cost, Spread

_SECONDS_BETWEEN_LOOKS = 0.05


def rival_costs(repeats: int, arms: tuple[int, int], folder: Path) -> Iterator[Cost]:
    """Yield what one more arm costs as a trial of Ray Tune, and as a job of Ray."""
    with TemporaryDirectory(dir=folder, prefix="bench-") as name, _ray() as address:
        for what, run in (
            ("Ray Tune: one more trial that does nothing", lambda n: _tune(n, Path(name))),
            ("Ray Jobs: one more job that does nothing", lambda n: _jobs(n, address)),
        ):
            yield Cost(what, "s", Spread.of([_marginal(run, arms) for _ in range(repeats)]))


def _marginal(run: Callable[[int], None], arms: tuple[int, int]) -> float:
    seconds = []
    for number in arms:
        started = time.perf_counter()
        run(number)
        seconds.append(time.perf_counter() - started)
    return (seconds[1] - seconds[0]) / (arms[1] - arms[0])


@contextmanager
def _ray() -> Iterator[str]:
    """Start a Ray of this machine; give the address of its job server."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    context = ray.init(
        address="local", include_dashboard=True, log_to_driver=False, logging_level=logging.ERROR
    )
    try:
        yield f"http://{context.dashboard_url}"
    finally:
        ray.shutdown()


def _nothing(config: dict[str, Any]) -> dict[str, float]:
    return {"fid": 0.0}


def _tune(number: int, folder: Path) -> None:
    from ray import tune

    tuner = tune.Tuner(
        _nothing,
        tune_config=tune.TuneConfig(num_samples=number),
        run_config=tune.RunConfig(storage_path=str(folder), verbose=0),
    )
    with redirect_stdout(io.StringIO()):  # Tune draws boxes where our results go
        tuner.fit()


def _jobs(number: int, address: str) -> None:
    from ray.job_submission import JobSubmissionClient

    client = JobSubmissionClient(address)
    submitted = [client.submit_job(entrypoint="true") for _ in range(number)]
    while not all(client.get_job_status(job).is_terminal() for job in submitted):
        time.sleep(_SECONDS_BETWEEN_LOOKS)
