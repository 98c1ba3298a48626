import pytest

from audiomotion.config.official import OFFICIAL
from audiomotion.config.resolve import resolve
from audiomotion.errors import ConfigError

TEXT = ["condition=text", "text_encoder={name: clip, output: pooled}"]


def resolved(*sets):
    return resolve("demo", sets=sets)[0].experiment


def test_a_word_spells_out_the_released_sizes():
    experiment = resolved("rvq=official", *TEXT, "masked=official", "residual=official")
    assert (experiment.rvq.weights, experiment.rvq.padding) == ("official", "published")
    assert (experiment.rvq.num_quantizers, experiment.rvq.width) == (6, 512)
    assert experiment.masked.num_layers == experiment.residual.num_layers == 8
    assert experiment.masked.training.max_steps == 1100  # the rest is the recipe's


@pytest.mark.parametrize("sets", [["rvq=official"], ["rvq.weights=official"]])
def test_both_spellings_mean_the_same(sets):
    assert resolved(*sets).rvq == resolved("rvq=official").rvq


def test_what_is_said_beside_the_word_wins():
    assert resolved("rvq.weights=official", "rvq.padding=exact").rvq.padding == "exact"


def test_an_arm_may_say_it_too(tmp_path):
    axis = tmp_path / "tokens.yaml"
    axis.write_text(
        "name: tokens\nquestion: Whose tokens?\nbaseline: ours\n"
        "arms:\n  ours: {}\n  theirs: {rvq: official}\n"
    )
    ours, theirs = (arm.experiment for arm in resolve(axes=[str(axis)]))
    assert (ours.rvq.weights, theirs.rvq.weights) == ("trained", "official")


def test_what_comes_after_the_word_still_counts():
    experiment = resolved("rvq=official", *TEXT, "masked={weights: official, num_layers: 6}")
    assert experiment.masked.num_layers == 6


@pytest.mark.parametrize(
    ("sets", "problem"),
    [
        (["masked=official", "rvq=official"], "were trained on CLIP's pooled text"),
        (["length=official"], "set condition: text"),
        ([*TEXT, "residual=official"], "set rvq: official"),
        (["rvq=official", "condition=text", "text_encoder.output=tokens", "masked=official"],
         "CLIP's pooled text"),
        (["condition=text", "text_encoder={name: sentence}", "length=official"], "CLIP's"),
        (["evaluator={weights: official, word_vectors: learned}"], "set word_vectors: glove"),
        (["rvq=offical"], "a mapping belongs; did you mean 'official'"),
    ],
)  # fmt: skip
def test_combinations_that_cannot_work_are_refused(sets, problem):
    with pytest.raises(ConfigError, match=problem):
        resolved(*sets)


def test_every_word_is_of_a_section_that_exists():
    experiment = resolved()
    for section, meaning in OFFICIAL.items():
        assert set(meaning) <= set(type(getattr(experiment, section)).model_fields)


def test_seeds_that_would_change_nothing_are_refused():
    sets = ["rvq=official", *TEXT, "masked=official", "residual=official"]
    with pytest.raises(ConfigError, match="--seeds: nothing of demo is trained"):
        resolve("demo", sets=sets, seeds=[0, 1])
    assert len(resolve("demo", sets=sets, seeds=[3])) == 1


@pytest.mark.parametrize(
    "given",
    ["extractor={name: wavlm, weights: official}", "text_encoder={name: clip, weights: official}"],
)
def test_the_word_is_for_what_can_be_imported(given):
    with pytest.raises(ConfigError, match="come by hub id or folder"):
        resolved(given)


@pytest.mark.parametrize("given", ["rvq={checkpoint: ab}", "evaluator={words: ab}"])
def test_a_choice_among_imports_needs_the_word(given):
    with pytest.raises(ConfigError, match="is only for"):
        resolved(given)
