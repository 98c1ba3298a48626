import pytest

from audiomotion.config.axis import load_axis
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
        (
            ("baseline: few", "baseline: few\npublished: {table: 5, variant: oral}"),
            "x.yaml:3 published: table 5 with no dataset; all tables but 4 need one",
        ),
        (
            (
                "baseline: few",
                "baseline: few\npublished: {table: 5, dataset: kit, variant: oral, "
                "rows: {fw: wavlm}}",
            ),
            "x.yaml: published.rows: 'fw' is not one of the arms few, many; did you mean 'few'?",
        ),
    ],
)
def test_what_is_wrong_with_an_axis(write, change, problem):
    with pytest.raises(ConfigError) as caught:
        load_axis(write(AXIS.replace(*change), "x.yaml"))
    assert any(found.startswith(problem) for found in caught.value.problems)
