import json
import math
import subprocess
import sys

import pytest

from audiomotion.errors import AudiomotionError, DataError
from audiomotion.orchestrate.records import RunFolder, all_runs
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.trials import LocalPool
from audiomotion.tune.journal import JOURNAL, read_trials
from audiomotion.tune.record import load_record
from audiomotion.tune.study import DATABASE
from tests.orchestrate.processes import REPOSITORY
from tests.tune.surface import (
    BEST,
    MASKED,
    RESIDUAL,
    Surface,
    ThreadsPool,
    request,
    run,
    search,
    told,
)

SMALL = search(repeats=2)


def folder(root, config=None):
    return RunFolder(ArtifactStore(root), request(config).id).path


class Counting:
    """Makes pools of one worker, and keeps it."""

    def __init__(self, worker=None):
        self.worker = worker or Surface()

    def __call__(self):
        return LocalPool(lambda: self.worker)


def killed(root, trials, *after):
    """Search in another process, which kills itself."""
    command = [sys.executable, "-m", "tests.tune.surface", str(root), str(trials)]
    done = subprocess.run([*command, *map(str, after)], cwd=REPOSITORY, timeout=120)
    return done.returncode


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return run(tmp_path_factory.mktemp("undisturbed"), 20)


def test_a_search_finds_the_lowest_point(tmp_path, undisturbed):
    winner = undisturbed.trial(undisturbed.winner)
    values = [trial.values[0] for trial in undisturbed.trials if trial.status == "done"]
    assert winner.values[0] == min(values) < undisturbed.trials[0].values[0]
    assert undisturbed.baseline == 0
    assert undisturbed.status == "done"
    assert all(abs(winner.params[path] - best) < 2.5 for path, best in BEST.items())


def test_a_killed_study_equals_the_undisturbed_one(tmp_path, undisturbed):
    for after in (1, 2, 9, 31):
        assert killed(tmp_path, 20, after) == -9
    record = run(tmp_path, 20)
    assert told(record) == told(undisturbed)
    assert record.winner == undisturbed.winner


def test_a_study_equals_the_undisturbed_one_wherever_a_worker_broke_off(tmp_path):
    class Leaving(Surface):
        def measure(self, task):
            if len(self.calls) == 3:
                raise KeyboardInterrupt
            return super().measure(task)

    calls = []
    for _ in range(100):
        counting = Counting(Leaving())
        try:
            record = run(tmp_path / "store", 8, SMALL, counting)
            calls += counting.worker.calls
            break
        except KeyboardInterrupt:
            calls += counting.worker.calls
            assert load_record(folder(tmp_path / "store", SMALL)).status == "interrupted"
    assert len(calls) == len(set(calls))  # no repeat was measured twice
    assert told(record) == told(run(tmp_path / "whole", 8, SMALL))


def test_more_trials_go_on_and_the_same_number_computes_nothing(tmp_path):
    first = run(tmp_path, 4, SMALL)
    counting = Counting()
    assert run(tmp_path, 4, SMALL, counting) == first.__class__(
        **vars(first) | {"updated": load_record(folder(tmp_path, SMALL)).updated}
    )
    assert counting.worker.calls == []
    more = run(tmp_path, 6, SMALL, counting)
    assert told(more)[:4] == told(first)
    assert {number for number, _ in counting.worker.calls} <= {4, 5}


def test_a_torn_line_and_a_lost_database_cost_nothing(tmp_path, undisturbed):
    assert killed(tmp_path, 20, 40) == -9
    place = folder(tmp_path)
    with (place / JOURNAL).open("a") as file:
        file.write('{"event": "repeat", "num')
    (place / DATABASE).write_bytes(b"SQLite format 3\0 and nothing that follows")
    assert told(run(tmp_path, 20)) == told(undisturbed)


def test_a_line_that_was_changed_is_said(tmp_path):
    run(tmp_path, 2, SMALL)
    path = folder(tmp_path, SMALL) / JOURNAL
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], *lines[2:]]))
    with pytest.raises(DataError, match=r"trials.jsonl:2 is damaged"):
        run(tmp_path, 3, SMALL)


def test_two_workers_lose_and_double_nothing(tmp_path):
    pools = []

    def make():
        pools.append(ThreadsPool())
        return pools[-1]

    record = run(tmp_path, 15, make_pool=make)
    assert pools[0].most == 2
    assert [trial.number for trial in record.trials] == list(range(15))
    assert {trial.status for trial in record.trials} <= {"done", "pruned"}
    calls = pools[0].worker.calls
    assert len(calls) == len(set(calls))
    measured = {number: set() for number in range(15)}
    for number, repeat in calls:
        measured[number].add(repeat)
    for trial in record.trials:
        own = set(range(len(trial.repeats)))
        assert measured[trial.number] == own or trial.reused is not None
    events = [json.loads(line) for line in (folder(tmp_path) / JOURNAL).open()]
    ends = [one["number"] for one in events if one["event"] in ("done", "pruned")]
    assert sorted(ends) == list(range(15))


def test_equal_points_have_equal_values_and_are_measured_once(tmp_path):
    one_point = search(parameters={MASKED: {"choices": [4.0]}}, repeats=2)
    counting = Counting()
    record = run(tmp_path, 3, one_point, counting)
    assert counting.worker.calls == [(0, 0), (0, 1)]
    assert [trial.values for trial in record.trials] == [record.trials[0].values] * 3
    assert [trial.reused for trial in record.trials] == [None, 0, 0]
    assert record.winner == 0


def test_a_metric_that_is_no_number_fails_its_trial_alone(tmp_path):
    class Holed(Surface):
        def measure(self, task):
            metrics = super().measure(task)
            return metrics | {"fid": math.nan} if task.number == 1 else metrics

    record = run(tmp_path, 4, SMALL, Counting(Holed()))
    assert [trial.status for trial in record.trials] == ["done", "failed", "done", "done"]
    assert record.trials[1].reason == "fid is nan in repeat 0"
    json.loads((folder(tmp_path, SMALL) / "tune.json").read_text(), parse_constant=pytest.fail)


def test_what_fails_every_trial_ends_the_search(tmp_path):
    class Broken(Surface):
        def measure(self, task):
            super().measure(task)
            raise DataError("the split has 3 clips")

    counting = Counting(Broken())
    with pytest.raises(AudiomotionError, match="every trial fails: the split has 3 clips") as it:
        run(tmp_path, 40, SMALL, counting)
    assert it.value.exit_code == 3
    assert len(counting.worker.calls) == 3
    assert load_record(folder(tmp_path, SMALL)).status == "failed"


def test_values_that_no_experiment_has_together_fail_their_trial(tmp_path):
    heads = search(
        parameters={"masked.num_heads": {"choices": [4, 6]}, MASKED: {"choices": [4.0]}}, repeats=1
    )
    record = run(tmp_path, 6, heads)
    failed = [trial for trial in record.trials if trial.params["masked.num_heads"] == 4]
    assert failed
    assert all("num_heads 4 does not divide latent_dim 126" in trial.reason for trial in failed)
    assert record.trial(record.winner).params["masked.num_heads"] == 6


def test_hopeless_trials_are_stopped_after_few_repeats(tmp_path):
    long = search(repeats=10)
    record = run(tmp_path / "pruned", 20, long)
    stopped = [trial for trial in record.trials if trial.status == "pruned"]
    assert stopped
    assert all(
        len(trial.repeats) < 10 and "worse than the best" in trial.reason for trial in stopped
    )
    whole = run(tmp_path / "whole", 20, search(repeats=10, pruning={"error_level": 0.0}))
    assert all(trial.status == "done" for trial in whole.trials)


def test_constraints_decide_who_may_win(tmp_path):
    bound = search(objective={"metrics": ["fid"], "constraints": {"top3": {"at_least": 0.68}}})
    record = run(tmp_path, 25, bound)
    winner = record.trial(record.winner)
    assert abs(winner.params[MASKED] - 3) <= 1
    missed = [trial for trial in record.trials if not trial.feasible]
    assert missed
    assert all(trial.reason == "misses top3 >= 0.68" for trial in missed)


def test_several_objectives_give_a_front_and_the_first_decides(tmp_path):
    several = search(objective={"metrics": ["fid", "top3", "mm_distance"]}, sampler="nsga2")
    record = run(tmp_path, 30, several)
    values = [record.trial(number).values for number in record.front]
    assert len(values) > 2
    assert record.winner == record.front[0]
    assert values[0][0] == min(value[0] for value in values)
    for one in values:
        for other in values:
            better = one[0] < other[0] and one[1] > other[1] and one[2] < other[2]
            assert not better
    assert [goal["direction"] for goal in record.objectives] == ["minimize", "maximize", "minimize"]


def test_weights_make_one_objective(tmp_path):
    weights = {"fid": 1.0, "top3": 2.0}
    record = run(
        tmp_path, 3, search(objective={"metrics": ["fid", "top3"], "weights": weights}, repeats=1)
    )
    assert record.objectives == ({"name": "1 fid - 2 top3", "direction": "minimize"},)
    metrics = record.trials[0].repeats[0]
    assert record.trials[0].values == (pytest.approx(metrics["fid"] - 2 * metrics["top3"]),)


@pytest.mark.parametrize("limits", [{"timeout_seconds": 0.0}, {"max_gpu_hours": 0.0}])
def test_what_is_used_up_begins_no_trial_and_more_of_it_goes_on(tmp_path, limits):
    run(tmp_path, 2, SMALL)
    record = run(tmp_path, 5, SMALL, **limits)
    assert len(record.trials) == 2
    assert "after 2 of 5 trials; more of it goes on" in record.reason
    assert len(run(tmp_path, 5, SMALL).trials) == 5


def test_the_second_driver_waits_for_the_first(tmp_path):
    store = ArtifactStore(tmp_path)
    store.prepare()
    command = [sys.executable, "-m", "tests.tune.surface", str(tmp_path), "2"]
    with store.claim(f"run-{request().id}") as mine:
        assert mine
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        assert process.poll() is None
    assert process.communicate(timeout=120)[0] == ""
    assert process.returncode == 0
    assert len(load_record(folder(tmp_path)).trials) == 2


def test_a_search_stands_among_the_launches_and_keeps_what_it_names(tmp_path):
    record = run(tmp_path, 2, SMALL)
    (launch,) = all_runs(ArtifactStore(tmp_path))
    assert (launch.id, launch.kind, launch.status) == (record.id, "tune", "done")
    assert launch.title == "surface"
    assert {"masked", "residual", "rvq", "evaluator", "features"} <= set(record.fingerprints)
    assert set(launch.fingerprints()) == set(record.fingerprints.values())
    assert load_record(folder(tmp_path, SMALL)).winner == record.winner
    assert len(read_trials(folder(tmp_path, SMALL) / JOURNAL)) == 2
    assert RESIDUAL in record.trials[0].params
