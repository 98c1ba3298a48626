"""The test of a search: what won, beside the paper's point and no guidance, on the test split."""

import json
from collections.abc import Mapping
from typing import Any

from audiomotion.config.experiment import Experiment
from audiomotion.config.search import SearchConfig
from audiomotion.orchestrate.launch import Request, make_plan, new_record
from audiomotion.orchestrate.records import RunFolder, RunRecord
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.guidance import SCALES, UNGUIDED, paper_points
from audiomotion.tune.record import TuneRecord
from audiomotion.tune.space import Space

BEST, AS_GIVEN = "best", "as-given"


def varies_guidance(record: TuneRecord) -> bool:
    """Return whether a search varies a guidance scale."""
    return any(path in record.search["parameters"] for path in SCALES)


def measured_on_test(experiment: Experiment) -> Experiment:
    """Return an experiment that is measured on the test split, whatever its recipe says."""
    protocol = experiment.evaluation.model_copy(update={"split": "test"})
    return experiment.model_copy(update={"evaluation": protocol})


def given_experiment(record: TuneRecord) -> Experiment:
    """Return what was tuned, as its recipe has it measured."""
    return Experiment.model_validate_json(json.dumps(record.as_given))  # as JSON: lists are tuples


def best_experiment(record: TuneRecord) -> Experiment:
    """Return it with the values that won; the search has a winner."""
    assert record.winner is not None, "the search has a winner"
    return _with(record, given_experiment(record), record.trial(record.winner).params)


def _with(record: TuneRecord, base: Experiment, params: Mapping[str, Any]) -> Experiment:
    return Space(SearchConfig.model_validate(dict(record.search)), base).experiment(params)


def final_request(record: TuneRecord) -> Request | None:
    """Return the launch that measures what a search found once, with the recipe's repeats.

    None where nothing has won, or where the search was made on the test split: what was tuned on
    it cannot be tested on it.
    """
    if record.winner is None or record.split == "test" or not record.as_given:
        return None
    base = measured_on_test(given_experiment(record))
    arms = {BEST: record.trial(record.winner).params, AS_GIVEN: {}}
    if varies_guidance(record):
        points = {**paper_points(base.dataset.published_as), **UNGUIDED}
        arms |= {name: dict(zip(SCALES, point, strict=True)) for name, point in points.items()}
    name = f"{record.search['name']}-test"
    return Request(
        "ablation",
        name,
        [(arm, _with(record, base, params)) for arm, params in arms.items()],
        {
            "axes": [
                {
                    "name": name,
                    "question": record.search["question"],
                    "baseline": AS_GIVEN,
                    "published": None,
                }
            ],
            "baseline": AS_GIVEN,
            "one_at_a_time": False,
            "command": f"amx tune {record.search['name']} --dataset {base.name}",
            "search": record.id,
        },
    )


def final_record(store: ArtifactStore, record: TuneRecord) -> RunRecord | None:
    """Return the launch that has tested a search; None where none has ended."""
    request = final_request(record)
    if request is None:
        return None
    found = RunFolder(store, new_record(request, make_plan(request)).id).load()
    return None if found is None or found.status == "running" else found
