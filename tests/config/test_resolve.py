import subprocess
import sys

import pytest

from audiomotion.config.datasets import DATASETS
from audiomotion.config.resolve import resolve
from audiomotion.errors import ConfigError

AXIS = """\
question: How wide?
baseline: narrow
arms:
  narrow: {rvq: {width: 16}}
  wide: {rvq: {width: 256}}
"""


def test_precedence_is_default_then_recipe_then_arm_then_set(write):
    write("extends: demo\nrvq: {width: 32, code_dim: 32, num_quantizers: 3}\n")
    axis = write(AXIS, "width.yaml")
    narrow, wide = resolve("mine.yaml", axes=[axis], sets=["rvq.code_dim=8"])
    assert [arm.experiment.rvq.width for arm in (narrow, wide)] == [16, 256]
    for arm in (narrow, wide):
        assert arm.experiment.rvq.code_dim == 8
        assert arm.experiment.rvq.num_quantizers == 3
        assert arm.experiment.rvq.ema_decay == 0.99


def test_without_an_axis_the_arm_has_the_experiments_name(write):
    assert [arm.name for arm in resolve("demo")] == ["demo"]
    write("extends: demo\n")
    (arm,) = resolve("mine.yaml")
    assert arm.name == arm.experiment.name == "mine"


def test_an_axis_brings_its_experiment_and_dataset_replaces_it():
    assert resolve(axes=["feature-extractor"])[0].experiment.name == "demo"
    kit = resolve(axes=["feature-extractor"], dataset="kit")[0].experiment
    assert (kit.name, kit.dataset.name) == ("kit", "kit")


def test_dataset_beside_an_experiment_replaces_the_data_set_only():
    experiment = resolve("demo", dataset="bandai")[0].experiment
    assert (experiment.name, experiment.dataset.name) == ("demo", "bandai")
    assert experiment.rvq == resolve("demo")[0].experiment.rvq


def test_arms_and_seeds_in_order():
    resolved = resolve(axes=["feature-extractor"], arms=["log-mel", "wavlm"], seeds=[0, 3])
    assert [(arm.name, arm.experiment.seed) for arm in resolved] == [
        ("wavlm", 0),
        ("wavlm", 3),
        ("log-mel", 0),
        ("log-mel", 3),
    ]


def test_the_recipes_seed_holds_where_no_seeds_are_given(write):
    write("extends: demo\nseed: 5\n")
    assert resolve("mine.yaml")[0].experiment.seed == 5
    assert resolve("mine.yaml", sets=["seed=6"])[0].experiment.seed == 6
    assert resolve("mine.yaml", seeds=[7])[0].experiment.seed == 7


def test_runtime_is_apart_from_the_experiment():
    slow, fast = (
        resolve("demo", sets=[f"runtime.stages.rvq.cpus={cpus}", f"runtime.device={device}"])[0]
        for cpus, device in ((1, "cpu"), (4, "cuda"))
    )
    assert slow.experiment == fast.experiment
    assert (slow.runtime.device, fast.runtime.resources("rvq").cpus) == ("cpu", 4)


def test_another_length_of_training_replaces_the_first():
    training = resolve("kit", sets=["masked.training.max_steps=5"])[0].experiment.masked.training
    assert (training.epochs, training.max_steps, training.batch_size) == (None, 5, 16)


def test_the_papers_guidance_is_accepted_over_ours():
    generation = resolve("kit", sets=["generation.masked.guidance_s=2"])[0].experiment.generation
    assert generation.masked.guidance_scale == 3.0
    assert generation.residual.guidance_scale == 5.0


def test_the_problems_of_all_arms_come_at_once_and_each_once(write):
    write("extends: demo\nseed: x\n")
    axis = write(AXIS.replace("16", "no").replace("256", "0"), "width.yaml")
    with pytest.raises(ConfigError) as caught:
        resolve("mine.yaml", axes=[axis], sets=["masked.dropout=2"])
    assert caught.value.problems == [
        "--set masked.dropout=2: 2 is out of range; allowed: at least 0, below 1",
        "mine.yaml:2 seed: 'x' is a string where an integer belongs",
        "width.yaml:4 arm 'narrow' rvq.width: 'no' is a string where an integer belongs",
        "width.yaml:5 arm 'wide' rvq.width: 0 is out of range; allowed: at least 1",
    ]


def test_the_problems_of_all_files_come_at_once():
    with pytest.raises(ConfigError) as caught:
        resolve("kitt", axes=["feature-extracter"], sets=["a"])
    assert [problem[:11] for problem in caught.value.problems] == [
        "'feature-ex",
        "'kitt' is n",
        "--set a: no",
    ]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "no experiment, axis or data set is named"),
        (
            {"experiment": "demo", "weights": "rand"},
            "--weights rand: 'rand' is not one of pretrained, random; did you mean 'random'?",
        ),
        (
            {"experiment": "demo", "dataset": "badai"},
            f"--dataset badai: 'badai' is not one of {', '.join(DATASETS.schemas)}; "
            "did you mean 'bandai'?",
        ),
        (
            {"experiment": "demo", "seeds": [1], "sets": ["seed=3"]},
            "--set seed=3: the seed is also given by --seeds",
        ),
        (
            {"experiment": "demo", "seeds": [-1]},
            "--seeds: -1 is out of range; allowed: at least 0",
        ),
    ],
)
def test_wrong_options(options, problem):
    with pytest.raises(ConfigError) as caught:
        resolve(**options)
    assert caught.value.problems == [problem]


def test_resolving_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from audiomotion.config.resolve import resolve\n"
        "from audiomotion.config.explain import explain\n"
        "explain(resolve(axes=['feature-extractor'])[0])\n"
        "heavy = {'torch', 'numpy', 'transformers', 'ray', 'mlflow', 'optuna', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
