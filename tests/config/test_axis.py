import pytest

from audiomotion.config.axis import choices, load_axis
from audiomotion.errors import ConfigError

AXIS = """\
question: Which voice?
baseline: few
arms:
  few: {speech: {num_voices: 2}}
  many: {speech: {num_voices: 24}}
"""


def test_an_axis_is_named_after_its_file(write):
    axis = load_axis(write(AXIS, "voices.yaml"))
    assert axis.config.name == "voices"
    assert axis.config.dataset == "demo"
    assert axis.config.published is None
    assert str(axis.arms["few"].origin) == "voices.yaml:4 arm 'few'"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            ("baseline: few", "baseline: manyy"),
            "x.yaml:2 baseline: 'manyy' is not one of the arms few, many; did you mean 'many'?",
        ),
        (
            ("question: Which voice?", "baselin: few"),
            "x.yaml question: missing; What the axis asks, one sentence.",
        ),
        (("  few: {speech: {num_voices: 2}}", "  few:"), "x.yaml:4 arms.few: nothing (null)"),
        (("  few:", "  Few ones:"), "x.yaml:3 arms: arm 'Few ones': a name holds a-z, 0-9"),
        (
            ("baseline: few", "baseline: few\npublished: {table: 9, dataset: kit, variant: oral}"),
            "x.yaml:3 published.table: 9 is not one of 2, 3, 4, 5, 6",
        ),
    ],
)
def test_what_is_wrong_with_an_axis(write, change, problem):
    with pytest.raises(ConfigError) as caught:
        load_axis(write(AXIS.replace(*change), "x.yaml"))
    assert any(found.startswith(problem) for found in caught.value.problems)


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


def test_two_axes_may_not_change_the_same_key(write):
    axes = [load_axis(write(AXIS, name)) for name in ("a.yaml", "b.yaml")]
    with pytest.raises(ConfigError) as caught:
        choices(axes, ["few"], "demo")
    assert caught.value.problems == [
        "b.yaml:4 arm 'few' speech.num_voices: a.yaml:4 arm 'few' changes it too; "
        "two axes may not change one key"
    ]


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
