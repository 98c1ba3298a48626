import pytest

from audiomotion.config.search import ParameterConfig
from audiomotion.tune.objective import Objective
from audiomotion.tune.space import Parameter, Space
from audiomotion.tune.study import Study, distribution_of
from audiomotion.tune.trial import Trial
from tests.tune.surface import BEST, LOWEST, MASKED, RESIDUAL, experiment, height, search

WIDE = {path: {"low": 1, "high": 10} for path in BEST}


def study(config, seed=0, storage=None):
    space = Space(config, experiment())
    return Study("s", space, Objective(config.objective), config.sampler, seed, storage)


def finish(trial: Trial, metrics: dict[str, float], objective: Objective) -> Trial:
    trial.repeats.append(metrics)
    trial.status = "done"
    trial.values = objective.values(metrics)
    trial.violations = objective.violations(metrics)
    return trial


def ran(config, num_trials, seed=0, storage=None, trials=()):
    """Return the trials of a study on the bare function; `trials` were before."""
    asked = study(config, seed, storage)
    kept = list(trials)
    asked.open(kept)
    for _ in range(len(kept), num_trials):
        trial = asked.ask(first=asked.space.baseline())
        masked, residual = trial.exact[MASKED], trial.exact.get(RESIDUAL, 1.0)
        metrics = {"fid": height(masked, residual), "top3": 0.7 - 0.02 * abs(masked - 3)}
        asked.tell(finish(trial, metrics, asked.objective))
        kept.append(trial)
    return kept


@pytest.mark.parametrize("seed", range(20))
def test_200_trials_come_within_two_percent_of_the_lowest_point(seed):
    trials = ran(search(parameters=WIDE), 200, seed)
    assert min(trial.values[0] for trial in trials) < 1.02 * LOWEST


def test_random_values_come_nowhere_so_near():
    found = [ran(search(parameters=WIDE, sampler=name), 60)[20:] for name in ("tpe", "random")]
    tpe, by_chance = (sum(trial.values[0] for trial in trials) for trials in found)
    assert tpe < 0.7 * by_chance


def test_the_first_trial_is_what_the_experiment_has_itself():
    trials = ran(search(), 3)
    assert trials[0].exact == {MASKED: 4.0, RESIDUAL: 5.0}
    assert all(set(trial.exact) == set(BEST) for trial in trials)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
@pytest.mark.parametrize("metrics", [["fid"], ["fid", "top3"]])
def test_what_is_asked_follows_from_the_trials_before_whoever_asks(tmp_path, sampler, metrics):
    config = search(sampler=sampler, objective={"metrics": metrics})
    whole = ran(config, 45, seed=3)
    resumed = ran(config, 45, seed=3, trials=ran(config, 30, seed=3))
    assert [trial.params for trial in resumed] == [trial.params for trial in whole]
    assert ran(config, 45, seed=4)[20].params != whole[20].params


def test_a_database_is_used_as_it_is_where_it_fits_and_made_anew_where_not(tmp_path):
    path = tmp_path / "study.db"
    config = search()
    trials = ran(config, 12, storage=path)
    assert not study(config, storage=path).open(trials)
    assert study(config, storage=path).open(trials[:-1])
    assert not study(config, storage=path).open(trials[:-1])
    path.write_bytes(path.read_bytes()[:5000])
    assert study(config, storage=path).open(trials)
    path.unlink()
    assert study(config, storage=path).open(trials)
    more = ran(config, 14, storage=path, trials=trials)
    assert [one.params for one in more] == [one.params for one in ran(config, 14)]


def test_a_trial_that_was_asked_and_not_told_stays_in_a_database_made_anew(tmp_path):
    config = search()
    asked = study(config, storage=tmp_path / "study.db")
    asked.open([])
    trials = [asked.ask(), asked.ask()]
    again = study(config, storage=tmp_path / "other.db")
    again.open(trials)
    again.tell(finish(trials[0], {"fid": 1.0}, again.objective))
    assert again.ask().number == 2
    assert not study(config, storage=tmp_path / "other.db").open([*trials, trial_of(again, 2)])


def trial_of(asked: Study, number: int) -> Trial:
    """Return a trial as the study keeps it."""
    kept = asked._study.get_trials(deepcopy=False)[number]
    return Trial(number, kept.params, asked.space.exact(kept.params), kept.system_attrs)


def test_every_kind_of_ending_is_kept_in_a_database(tmp_path):
    config = search(objective={"metrics": ["fid"], "constraints": {"top3": {"at_least": 0.65}}})
    asked = study(config, storage=tmp_path / "study.db")
    asked.open([])
    trials = [asked.ask() for _ in range(3)]
    asked.tell(finish(trials[0], {"fid": 1.0, "top3": 0.6}, asked.objective))
    trials[1].status, trials[1].repeats = "pruned", [{"fid": 2.0, "top3": 0.6}]
    trials[2].status, trials[2].reason = "failed", "fid is nan in repeat 0"
    for trial in trials[1:]:
        asked.tell(trial)
    assert not study(config, storage=tmp_path / "study.db").open(trials)
    kept = asked._study.get_trials()
    assert [trial.state.name for trial in kept] == ["COMPLETE", "PRUNED", "FAIL"]
    assert kept[0].constraints == {"top3 >= 0.65": pytest.approx(0.05)}
    assert kept[1].intermediate_values == {0: 2.0}


def test_what_depends_on_another_value_is_tried_only_there():
    parameters = {
        MASKED: {"choices": [1.0, 4.0]},
        RESIDUAL: {"low": 1, "high": 10, "when": {MASKED: 4.0}},
    }
    trials = ran(search(parameters=parameters), 40)
    assert {trial.exact[MASKED] for trial in trials} == {1.0, 4.0}
    assert all((RESIDUAL in trial.exact) == (trial.exact[MASKED] == 4.0) for trial in trials)


@pytest.mark.parametrize(
    ("config", "kind", "last"),
    [
        ({"low": 1, "high": 10.2, "step": 0.5}, "number", 10.0),
        ({"low": 0.1, "high": 0.7, "step": 0.1}, "number", 0.7),
        ({"low": 2, "high": 9, "step": 3}, "integer", 8),
        ({"low": 1e-5, "high": 1e-3, "log": True}, "number", 1e-3),
    ],
)
def test_a_range_ends_with_the_last_value_that_its_steps_reach(config, kind, last):
    parameter = Parameter("x", kind, ParameterConfig.model_validate(config))
    assert distribution_of(parameter).high == last
