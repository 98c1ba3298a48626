import shlex
from dataclasses import replace

from audiomotion.config.axis import load_axis
from audiomotion.config.combinations import described
from audiomotion.config.resolve import resolve
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.page.commands import reproduction


def launched(
    axes=("feature-extractor",), *, dataset="demo", title="", one_at_a_time=False, **asked
):
    """Return the record that a command would leave."""
    resolved = resolve(axes=axes, dataset=dataset, one_at_a_time=one_at_a_time, **asked)
    arms = tuple(
        ArmRecord(arm.name, arm.experiment.seed, arm.experiment.model_dump(mode="json"), {}, "")
        for arm in resolved
    )
    configs = [load_axis(name).config for name in axes]
    axis = described(configs, one_at_a_time=one_at_a_time) if axes else {}
    return RunRecord("id", "ablation", title or "+".join(axes), dataset, "", arms, (), axis)


def test_a_plain_launch():
    found = reproduction(launched())
    assert found.command == "amx ablate feature-extractor --dataset demo"
    assert found.caveats == ()


def test_seeds_arms_and_settings():
    sets = ["masked.training.max_steps=7", "evaluation.repeats=3"]
    found = reproduction(launched(arms=["wavlm", "encodec"], seeds=[0, 1, 2], sets=sets))
    words = shlex.split(found.command)
    assert words[:5] == ["amx", "ablate", "feature-extractor", "--dataset", "demo"]
    assert words[words.index("--arms") + 1] == "wavlm,encodec"
    assert words[words.index("--seeds") + 1] == "3"
    assert {word for word in words if "=" in word} == set(sets)
    assert found.caveats == ()


def test_two_axes_one_at_a_time():
    found = reproduction(launched(("compressor", "feature-extractor"), one_at_a_time=True))
    expected = "amx ablate compressor feature-extractor --dataset demo --one-at-a-time"
    assert (found.command, found.caveats) == (expected, ())


def test_what_a_plan_fills_in_is_nobody_s_setting():
    record = launched()
    arms = tuple(
        replace(arm, experiment={**arm.experiment,
                                 "dataset": {**arm.experiment["dataset"], "content": "abc"}})
        for arm in record.arms
    )  # fmt: skip
    assert reproduction(replace(record, arms=arms)) == reproduction(record)


def test_a_difference_of_one_arm_is_said_not_hidden():
    record = launched()
    first = replace(
        record.arms[0], experiment={**record.arms[0].experiment, "train_variant": "oral"}
    )
    found = reproduction(replace(record, arms=(first, *record.arms[1:])))
    assert "more than options can say" in found.caveats[0]


def test_a_recipe_that_is_not_here_is_said():
    record = launched()
    arms = tuple(replace(arm, experiment={**arm.experiment, "name": "mine"}) for arm in record.arms)
    found = reproduction(replace(record, arms=arms))
    assert found.command.endswith("--dataset mine")
    assert "'mine' is not one of the experiments" in found.caveats[0]


def test_an_experiment_and_an_outside_system():
    (arm,) = resolve("demo")
    record = launched()
    own = ArmRecord("demo", 0, arm.experiment.model_dump(mode="json"), {}, "")
    trained = replace(record, kind="experiment", title="demo", arms=(own,), axis={})
    assert reproduction(trained).command == "amx train demo"
    assert reproduction(replace(record, kind="outside")) is None
