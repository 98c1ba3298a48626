import pytest

from audiomotion.config.axis import load_axis
from audiomotion.config.combinations import choices, described, joined, split
from audiomotion.errors import ConfigError

AXIS = """\
question: Which voice?
baseline: few
arms:
  few: {speech: {num_voices: 2}}
  many: {speech: {num_voices: 24}}
"""


def test_choices_of_no_axis_is_the_experiment_itself():
    (choice,) = choices([], None, "demo")
    assert choice.name == "demo"
    assert choice.layer.plain() == {}


def test_choices_of_two_axes_are_all_combinations(write):
    voices = load_axis(write(AXIS, "voices.yaml"))
    rates = load_axis(
        write(
            "question: How fast?\nbaseline: slow\narms:\n"
            "  slow: {speech: {words_per_minute: 90}}\n  fast: {seed: 1}\n",
            "rates.yaml",
        )
    )
    found = choices([voices, rates], ["many", "slow", "fast"], "demo")
    assert [choice.name for choice in found] == ["many+slow", "many+fast"]
    assert found[0].layer.plain() == {"speech": {"num_voices": 24, "words_per_minute": 90}}


RATES = """\
question: How fast?
baseline: slow
arms:
  slow: {speech: {words_per_minute: 90}}
  fast: {speech: {words_per_minute: 300}}
  hasty: {speech: {words_per_minute: 400}}
"""


def test_one_axis_at_a_time_goes_around_the_baselines(write):
    axes = [load_axis(write(AXIS, "voices.yaml")), load_axis(write(RATES, "rates.yaml"))]
    found = choices(axes, None, "demo", one_at_a_time=True)
    assert [choice.name for choice in found] == ["few+slow", "many+slow", "few+fast", "few+hasty"]
    assert found[1].layer.plain() == {"speech": {"num_voices": 24, "words_per_minute": 90}}
    everything = {choice.name: choice.layer.plain() for choice in choices(axes, None, "demo")}
    assert len(everything) == 6
    assert all(everything[choice.name] == choice.layer.plain() for choice in found)
    named = choices(axes, ["fast"], "demo", one_at_a_time=True)
    assert [choice.name for choice in named] == ["few+slow", "many+slow", "few+fast"]


def test_two_axes_may_not_give_a_key_two_values(write):
    axes = [load_axis(write(AXIS, name)) for name in ("a.yaml", "b.yaml")]
    with pytest.raises(ConfigError) as caught:
        choices(axes, [], "demo")
    assert caught.value.problems == [
        "b.yaml:5 arm 'many' speech.num_voices: a.yaml:4 arm 'few' gives it another value; arms of "
        "two axes must not contradict each other (--arms leaves arms out, --one-at-a-time varies "
        "one axis only)"
    ]
    (agreed,) = choices(axes, ["few"], "demo")
    assert agreed.layer.plain() == {"speech": {"num_voices": 2}}


def test_one_axis_at_a_time_the_varied_arm_has_the_last_word():
    axes = [load_axis(name) for name in ("memory-size", "compressor")]
    found = choices(axes, None, "demo", one_at_a_time=True)
    assert len(found) == 1 + 4 + 5
    layers = {choice.name: choice.layer.plain()["compressor"] for choice in found}
    assert layers["tokens-256+conv1d"] == {"name": "conv1d"}
    assert layers["tokens-64+memory-retrieval"]["num_memory_tokens"] == 64


def test_an_axis_named_twice(write):
    axis = load_axis(write(AXIS, "voices.yaml"))
    with pytest.raises(ConfigError, match=r"^axis 'voices' is named twice$"):
        choices([axis, axis], None, "demo")


def test_a_record_holds_what_axes_ask(write):
    configs = [
        load_axis(write(text, name)).config for text, name in ((AXIS, "a.yaml"), (RATES, "b.yaml"))
    ]
    content = described(configs, one_at_a_time=True)
    assert (content["baseline"], content["one_at_a_time"]) == ("few+slow", True)
    assert [one["question"] for one in content["axes"]] == ["Which voice?", "How fast?"]
    assert "arms" not in content["axes"][0]


def test_unknown_arms(write):
    axis = load_axis(write(AXIS, "voices.yaml"))
    with pytest.raises(ConfigError) as caught:
        choices([axis], ["fw", "many", "x"], "demo")
    assert caught.value.problems == [
        "--arms: 'fw' is not one of the arms few, many; did you mean 'few'?",
        "--arms: 'x' is not one of the arms few, many",
    ]
    with pytest.raises(ConfigError, match=r"--arms few: there is no axis to take arms from"):
        choices([], ["few"], "demo")


def test_a_joined_name_comes_apart_again():
    assert split(joined(["conv1d", "drop-0.2"])) == ["conv1d", "drop-0.2"]
    assert split("conv1d") == ["conv1d"]
