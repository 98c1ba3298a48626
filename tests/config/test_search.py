import pytest

from audiomotion.config.recipes import list_recipes
from audiomotion.config.resolve import resolve
from audiomotion.config.search import OBJECTIVES, load_search
from audiomotion.config.search_paths import fields_at, kind_at
from audiomotion.errors import ConfigError
from audiomotion.report.metrics import METRICS

SEARCH = """\
question: Which scales?
parameters:
  generation.masked.guidance_scale: {low: 1, high: 10, step: 0.5}
"""


def problem_of(write, parameters="", objective=""):
    text = SEARCH if not parameters else f"question: q\nparameters:\n  {parameters}\n"
    with pytest.raises(ConfigError) as caught:
        load_search(write(text + objective, "x.yaml"))
    (problem,) = caught.value.problems
    return problem


def test_a_search_is_named_after_its_file(write):
    search = load_search(write(SEARCH, "scales.yaml"))
    assert (search.name, search.dataset, search.split) == ("scales", "demo", "val")
    assert search.objective.metrics == ["fid"]
    assert not search.trains


@pytest.mark.parametrize("name", list_recipes("tune"))
def test_shipped_searches_are_of_the_validation_split_and_hold_every_shipped_scale(name):
    search = load_search(name)
    assert search.split == "val"
    assert search.trains == (name == "optimizer")
    scales = [path for path in search.parameters if path.endswith("guidance_scale")]
    for experiment in list_recipes("experiments"):
        if experiment == "folder":
            continue
        generation = resolve(experiment)[0].experiment.generation
        for path in scales:
            own = getattr(generation, path.split(".")[1]).guidance_scale
            assert search.parameters[path].low <= own <= search.parameters[path].high


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ("generation.masked.guidance_scal: {low: 1, high: 3}", "unknown path; did you mean "
         "'generation.masked.guidance_scale'?"),
        ("guidance_scale: {low: 1, high: 3}", "unknown path; did you mean "
         "'generation.masked.guidance_scale'?"),
        ("generation.masked.guidance_scale: {low: 3, high: 1}",
         "an empty range: low 3 is not below high 1; --set fixes a value"),
        ("generation.masked.guidance_scale: {low: 3}", "give low and high, or choices"),
        ("generation.masked.guidance_scale: {low: -1, high: 3}",
         "-1.0: input should be greater than or equal to 0"),
        ("generation.masked.guidance_scale: {low: 1, high: 3, step: 4}",
         "step 4 is wider than the range 1 to 3"),
        ("generation.masked.guidance_scale: {low: 0, high: 3, log: true}",
         "log needs low above 0 and no step"),
        ("generation.masked.iterations: {low: 1.5, high: 5}", "1.5, 5.0: integers belong here"),
        ("generation.masked.iterations: {choices: [5, 5]}", "a choice is given twice"),
        ("generation.masked.iterations: {choices: [5], low: 1}",
         "choices stand alone: leave low, high, step and log out"),
        ("generation.masked: {low: 1, high: 3}", "a section, not one value; it has"),
        ("compressor.name: {low: 1, high: 3}",
         "its values are no numbers, so it has no range; give choices"),
        ("compressor.name: {choices: [avgpool, nonsense]}", "'nonsense': input should be"),
        ("evaluation.repeats: {low: 1, high: 5}", "it belongs to the yardstick"),
        ("masked.num_layers: {low: 1, high: 5, when: {masked.num_head: 4}}",
         "when masked.num_head: unknown path; did you mean 'masked.num_heads'?"),
        ("masked.num_layers: {low: 1, high: 5, when: {masked.dropout: 0.1}}\n"
         "  masked.dropout: {choices: [0.1, 0.2]}",
         "when masked.dropout: it must stand above what depends on it"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_parameters_is_one_sentence(write, parameters, problem):
    found = problem_of(write, parameters)
    assert found.startswith("x.yaml:3 parameters.")
    assert problem in found


@pytest.mark.parametrize(
    ("objective", "problem"),
    [
        ("{metrics: [fidd]}", "'fidd' is not one of the objectives fid, top1, top2, top3, "
         "mm_distance, multimodality; did you mean 'fid'?"),
        ("{metrics: []}", "list should have at least 1 item"),
        ("{metrics: [fid, fid]}", "a metric is given twice"),
        ("{metrics: [fid, top3], weights: {fid: 1}}", "give a weight above 0 to each of fid, top3"),
        ("{constraints: {top4: {at_least: 0.5}}}", "'top4' is not one of the objectives"),
        ("{constraints: {top3: {}}}", "give either at_least or at_most"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_objective_is_one_sentence(write, objective, problem):
    assert problem in problem_of(write, objective=f"objective: {objective}\n")


def test_an_unknown_search_is_one_sentence():
    with pytest.raises(ConfigError) as caught:
        load_search("cgf")
    assert "'cgf' is not one of the searches cfg, optimizer, sampling" in str(caught.value)


def test_objectives_are_the_metrics_of_tables_and_better_the_same_way():
    known = {metric.key: metric.better for metric in METRICS if metric.better != "real"}
    assert known == dict(OBJECTIVES)


def test_a_path_may_lead_through_any_member_of_a_family():
    assert len(fields_at("compressor.num_segments")) == 1
    assert len(fields_at("compressor.condition_dim")) > 1
    assert kind_at("masked.training.learning_rate") == "number"
    assert kind_at("masked.training.epochs") == "integer"
    assert kind_at("rvq.loss") == "choice"
