import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from audiomotion.config.explain import explain
from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.given import Origin, given
from audiomotion.config.overrides import at_path, merge
from audiomotion.config.problems import find_problems, shown
from audiomotion.config.recipe_schema import Recipe
from audiomotion.config.resolve import resolve
from audiomotion.config.yaml_file import parse_yaml
from audiomotion.errors import ConfigError

_EXTRACTORS = ", ".join(EXTRACTORS.schemas)
_COMPLETE = """\
name: mine
dataset: {name: demo}
extractor: {name: wavlm}
compressor: {name: memory-retrieval}
"""


def problems_of(text: str) -> list[str]:
    return find_problems(parse_yaml(text, "mine.yaml"), Recipe)[1]


def test_a_complete_recipe_has_none():
    config, problems = find_problems(parse_yaml(_COMPLETE, "mine.yaml"), Recipe)
    assert problems == []
    assert config.experiment().extractor.name == "wavlm"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "train_variant: orl",
            "mine.yaml:5 train_variant: 'orl' is not one of original, oral; did you mean 'oral'?",
        ),
        (
            "masked: {dropout: 1.5}",
            "mine.yaml:5 masked.dropout: 1.5 is out of range; allowed: at least 0, below 1",
        ),
        (
            "masked: {num_layers: 0}",
            "mine.yaml:5 masked.num_layers: 0 is out of range; allowed: at least 1",
        ),
        (
            "seed: 1.0",
            "mine.yaml:5 seed: 1.0 is a number where an integer belongs; did you mean 1?",
        ),
        ("seed: 1.5", "mine.yaml:5 seed: 1.5 is a number where an integer belongs"),
        ("seed: yes", "mine.yaml:5 seed: 'yes' is a string where an integer belongs"),
        ("seed: true", "mine.yaml:5 seed: true is a boolean where an integer belongs"),
        (
            "seed: '3'",
            "mine.yaml:5 seed: '3' is a string where an integer belongs; did you mean 3?",
        ),
        ("seed:", "mine.yaml:5 seed: nothing (null) where an integer belongs"),
        ("seed: {a: 1}", "mine.yaml:5 seed: {'a': 1} is a mapping where an integer belongs"),
        (
            "rvq: {training: {epochs: 1, learning_rate: '2e-4'}}",
            "mine.yaml:5 rvq.training.learning_rate: '2e-4' is a string where a number belongs; "
            "did you mean 0.0002?",
        ),
        (
            "rvq: {training: {epochs: x}}",
            "mine.yaml:5 rvq.training.epochs: 'x' is a string where an integer (or null) belongs",
        ),
        (
            "evaluation: {unique_captions: no}",
            "mine.yaml:5 evaluation.unique_captions: 'no' is a string where a boolean belongs; "
            "did you mean false?",
        ),
        (
            "evaluation: {unique_captions: 0}",
            "mine.yaml:5 evaluation.unique_captions: 0 is an integer where a boolean belongs",
        ),
        (
            "rvq: {training: {epochs: 1, betas: [0.9]}}",
            "mine.yaml:5 rvq.training.betas.1: missing: the list is too short",
        ),
        (
            "rvq: {training: {epochs: 1, lr_milestones: [1,\n a]}}",
            "mine.yaml:6 rvq.training.lr_milestones.1: 'a' is a string where an integer belongs",
        ),
        ("rvq: 3", "mine.yaml:5 rvq: 3 is an integer where a mapping belongs"),
        (
            "rvq: {training: {epochs: 1, max_steps: 2}}",
            "mine.yaml:5 rvq.training: give either epochs or max_steps",
        ),
        (
            "generation: {masked: {guidance_s: high}}",
            "mine.yaml:5 generation.masked: guidance_s: 'high' is no number",
        ),
        (
            "generation: {masked: {guidance_s: -3}}",
            "mine.yaml:5 generation.masked.guidance_scale: -2.0 is out of range; "
            "allowed: at least 0",
        ),
        (
            "runtime: {device: gpu}",
            "mine.yaml:5 runtime.device: 'gpu' is not one of auto, cpu, cuda",
        ),
        (
            "runtime: {stages: {rvq: {gpus: 1.5}}}",
            "mine.yaml:5 runtime.stages.rvq.gpus: 1.5 GPUs: a share is at most 1, "
            "more than one is a whole number",
        ),
        (
            "extends: kit",
            "mine.yaml:5 extends: 'kit' cannot be given here: Recipe that this one changes; "
            "only in a recipe file, completed before it is checked.",
        ),
        (
            "speech: {name: espeak, num_voice: 3}",
            "mine.yaml:5 speech.num_voice: unknown key; the keys here are "
            "name, num_voices, seed, test_voices, silence_db, kept_silence_seconds, max_peak, "
            "max_seconds, words_per_minute; did you mean 'num_voices'?",
        ),
        (
            "speech: {name: espeak, banana: 3}",
            "mine.yaml:5 speech.banana: unknown key; the keys here are "
            "name, num_voices, seed, test_voices, silence_db, kept_silence_seconds, max_peak, "
            "max_seconds, words_per_minute",
        ),
        (
            "speech: {name: espeak, guidance_scale: 3}",
            "mine.yaml:5 speech.guidance_scale: unknown key; the keys here are "
            "name, num_voices, seed, test_voices, silence_db, kept_silence_seconds, max_peak, "
            "max_seconds, words_per_minute; did you mean "
            "generation.masked.guidance_scale or generation.residual.guidance_scale or "
            "validation.masked.guidance_scale or validation.residual.guidance_scale?",
        ),
    ],
)
def test_a_wrong_value_or_key(line, problem):
    assert problems_of(_COMPLETE + line + "\n") == [problem]


@pytest.mark.parametrize(
    ("extractor", "problem"),
    [
        (
            "{name: wavml}",
            f"mine.yaml:3 extractor.name: 'wavml' is not one of {_EXTRACTORS}; "
            "did you mean 'wavlm'?",
        ),
        (
            "{name: [wavlm]}",
            f"mine.yaml:3 extractor.name: ['wavlm'] is not one of {_EXTRACTORS}; "
            "did you mean 'wavlm'?",
        ),
        (
            "{}",
            f"mine.yaml:3 extractor.name: missing; give one of {_EXTRACTORS}",
        ),
        (
            "wavlm",
            "mine.yaml:3 extractor: 'wavlm' is a string where a mapping belongs; "
            "did you mean extractor.name: wavlm?",
        ),
        ("", "mine.yaml:3 extractor: nothing (null) where a mapping belongs"),
        (
            "{name: wavlm, nam: x}",
            "mine.yaml:3 extractor.nam: unknown key; the keys here are "
            "name, weights, revision, content, random_size, random_seed, precision, layers; "
            "did you mean 'name'?",
        ),
        (
            "{name: wavlm, weights: 3}",
            "mine.yaml:3 extractor.weights: 3 is an integer where a string belongs; "
            "did you mean '3'?",
        ),
        (
            "{name: wavlm, weights: random}",
            "mine.yaml:3 extractor.random_size: weights: random needs random_size: "
            "tiny, base or large",
        ),
        (
            "{name: wavlm, random_size: tiny}",
            "mine.yaml:3 extractor.random_size: random_size is only for weights: random, "
            "not 'microsoft/wavlm-base-plus'",
        ),
    ],
)
def test_a_wrong_part(extractor, problem):
    text = _COMPLETE.replace("{name: wavlm}", extractor)
    assert problems_of(text) == [problem]


def test_missing_keys_are_those_of_the_file():
    problems = problems_of("train_variant: oral\n")
    assert "mine.yaml name: missing; Name of the recipe." in problems
    expected = f"mine.yaml extractor: missing; give extractor.name: one of {_EXTRACTORS}"
    assert expected in problems


def test_all_problems_at_once_in_the_order_of_the_file():
    text = _COMPLETE + "seed: x\nrvq:\n  width: 0\n  witdh: 3\nbatch_size: 3\n"
    lines = [problem.partition(" ")[0] for problem in problems_of(text)]
    assert lines == ["mine.yaml:5", "mine.yaml:7", "mine.yaml:8", "mine.yaml:9"]


def test_an_option_is_named_by_what_was_typed():
    with pytest.raises(ConfigError) as caught:
        resolve("demo", sets=["extractor.nam=wavlm", "seed=-1", "speech={voices: 1}"])
    assert caught.value.problems == [
        "--set extractor.nam=wavlm: unknown key; the keys here are name, num_mels, frame_hz; "
        "did you mean 'name'?",
        "--set seed=-1: -1 is out of range; allowed: at least 0",
        "--set speech={voices: 1} speech.voices: unknown key; the keys here are "
        "name, num_voices, seed, test_voices, silence_db, kept_silence_seconds, max_peak, "
        "max_seconds, words_per_minute; did you mean 'num_voices'?",
    ]


def test_an_arm_is_named_with_its_line(write):
    axis = write(
        "question: Which?\nbaseline: wavlm\narms:\n  wavlm:\n    extractor: {name: wavml}\n",
        "ablations/x.yaml",
    )
    with pytest.raises(ConfigError) as caught:
        resolve(axes=[axis])
    assert caught.value.problems == [
        f"ablations/x.yaml:5 arm 'wavlm' extractor.name: 'wavml' is not one of {_EXTRACTORS}; "
        "did you mean 'wavlm'?"
    ]


def test_a_value_nobody_wrote_is_blamed_on_the_section_around_it():
    values = given({"name": "x"}, Origin("here"))
    assert all(problem.startswith("here ") for problem in find_problems(values, Recipe)[1])


def test_a_long_value_is_cut():
    assert len(shown("x" * 500)) == 60
    assert shown(None) == "null"
    assert shown(True) == "true"


_PATHS = [tuple(line.path.split(".")) for line in explain(resolve("demo", weights="random")[0])]
_SECTIONS = sorted({path[:length] for path in _PATHS for length in range(1, len(path))})
_KEYS = st.sampled_from(["name", "guidance_s", "training", "x"]) | st.text(max_size=3)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=2),
)


@settings(max_examples=300, deadline=None)
@for_all(st.sampled_from([*_PATHS, *_SECTIONS]), _ANYTHING)
def test_whatever_is_written_anywhere_ends_in_sentences(path, value):
    recipe = parse_yaml(_COMPLETE, "mine.yaml")
    values = merge(recipe, at_path(path, value, Origin("here", line=9)))
    config, problems = find_problems(values, Recipe)
    assert (config is None) == bool(problems)
    for problem in problems:
        assert problem.startswith(("here:9 ", "mine.yaml:"))
        assert "\n" not in problem
