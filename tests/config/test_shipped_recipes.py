import re

import pytest
import yaml

from audiomotion.config.axis import load_axis
from audiomotion.config.recipes import list_recipes, load_recipe, shipped_folder
from audiomotion.config.resolve import resolve
from audiomotion.config.yaml_file import read_yaml
from audiomotion.errors import ConfigError

EXPERIMENTS = ["bandai", "demo", "folder", "humanml3d", "kit"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_resolves_under_its_own_name(name):
    (arm,) = resolve(name)
    assert arm.experiment.name == name
    assert arm.experiment.dataset.name == name


@pytest.mark.parametrize("axis", list_recipes("ablations"))
@pytest.mark.parametrize("dataset", EXPERIMENTS)
def test_every_axis_resolves_on_every_experiment(axis, dataset):
    assert resolve(axes=[axis], dataset=dataset)


@pytest.mark.parametrize(
    ("dataset", "label"), [("demo", "random (tiny)"), ("kit", "microsoft/wavlm-base-plus")]
)
def test_arms_take_the_experiments_kind_of_weights(dataset, label):
    arms = {
        arm.name: arm.experiment for arm in resolve(axes=["feature-extractor"], dataset=dataset)
    }
    assert list(arms) == ["wavlm", "encodec", "imagebind", "log-mel"]
    assert {name: arm.extractor.name for name, arm in arms.items()} == {name: name for name in arms}
    assert arms["wavlm"].extractor.weights_label == label
    assert arms["log-mel"].extractor.weights_label == "none"


def test_arms_differ_in_nothing_but_the_extractor():
    experiments = [arm.experiment for arm in resolve(axes=["feature-extractor"], dataset="kit")]
    rest = [experiment.model_dump(exclude={"extractor"}) for experiment in experiments]
    assert all(other == rest[0] for other in rest)


@pytest.mark.parametrize(("dataset", "width", "tokens"), [("demo", 128, 4), ("humanml3d", 512, 1)])
def test_compressors_have_the_experiments_sizes(dataset, width, tokens):
    arms = {arm.name: arm.experiment for arm in resolve(axes=["compressor"], dataset=dataset)}
    assert {arm.compressor.condition_dim for arm in arms.values()} == {width}
    for segments in (8, 32, 64):
        assert arms[f"avgpool-{segments}"].compressor.num_segments == segments
    conv1d = arms["conv1d"].compressor
    assert (conv1d.num_layers, conv1d.kernel_size, conv1d.stride) == (3, 5, 2)
    assert conv1d.num_condition_tokens == 8
    assert arms["memory-retrieval"] == resolve(dataset)[0].experiment
    encoder, retrieval = (
        arms[name].compressor.model_dump(exclude={"name", "num_memory_tokens", "residual"})
        for name in ("transformer", "memory-retrieval")
    )
    assert encoder == retrieval
    assert encoder["num_condition_tokens"] == tokens


def test_arms_differ_in_nothing_but_the_compressor():
    experiments = [arm.experiment for arm in resolve(axes=["compressor"])]
    rest = [experiment.model_dump(exclude={"compressor"}) for experiment in experiments]
    assert all(other == rest[0] for other in rest)


@pytest.mark.parametrize(
    ("name", "guidance", "batch_size", "min_frames"),
    [("humanml3d", (4.0, 5.0), 64, 40), ("kit", (2.0, 5.0), 16, 24)],
)
def test_the_papers_settings(name, guidance, batch_size, min_frames):
    experiment = resolve(name)[0].experiment
    scales = experiment.generation.masked, experiment.generation.residual
    assert tuple(sampling.guidance_scale for sampling in scales) == guidance
    assert experiment.generation.masked.iterations == 10
    assert experiment.dataset.min_frames == min_frames
    for transformer in (experiment.masked, experiment.residual):
        assert (transformer.num_layers, transformer.num_heads) == (6, 6)
        assert (transformer.latent_dim, transformer.condition_drop_prob) == (384, 0.2)
        training = transformer.training
        assert (training.batch_size, training.epochs) == (batch_size, 500)
        assert (training.learning_rate, training.warmup_steps) == (2e-4, 2000)
    rvq = experiment.rvq
    assert (rvq.num_quantizers, rvq.codebook_size, rvq.code_dim) == (6, 512, 512)
    compressor = load_recipe(name).plain()["compressor"]
    assert (compressor["num_memory_tokens"], compressor["latent_dim"]) == (256, 512)
    assert experiment.evaluation.repeats == 20


@pytest.mark.parametrize("name", ["humanml3d", "kit"])
def test_every_value_is_marked_with_its_source(name):
    text = (shipped_folder("experiments") / f"{name}.yaml").read_text()
    body = text[: text.index("\nruntime:")]
    sections = re.split(r"\n(?=[a-z])", body)
    marks = re.compile(r"# (paper \d|momask|ours)")
    unmarked = [
        line
        for section in sections
        if not marks.search(section.partition("\n")[0])
        for line in section.splitlines()
        if re.search(r":\s+\S", line.partition("#")[0])
        and not re.match(r"(name:|  name: (kit|humanml3d)|masked: &)", line)
        and not marks.search(line)
    ]
    assert unmarked == []


def test_small_experiments_say_so_by_their_repeats():
    assert all(resolve(name)[0].experiment.evaluation.repeats < 20 for name in ("demo", "bandai"))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_attention_heads_divide_their_widths(name):
    experiment = resolve(name)[0].experiment
    for transformer in (experiment.masked, experiment.residual):
        assert transformer.latent_dim % transformer.num_heads == 0
    compressor = load_recipe(name).plain()["compressor"]
    assert compressor["latent_dim"] % compressor["num_heads"] == 0


def test_the_published_figures_are_plain_yaml():
    path = shipped_folder("experiments").parent / "audiomotion/report/published_figures.yaml"
    if not path.exists():
        pytest.skip("needs the checkout")
    figures = read_yaml(path).plain()
    assert figures == yaml.safe_load(path.read_text())
    assert list(figures) == [f"table{number}" for number in (2, 3, 4, 5, 6)]


@pytest.mark.parametrize("dataset", EXPERIMENTS)
def test_training_data_differ_in_condition_and_training_and_are_tested_on_oral(dataset):
    arms = {arm.name: arm.experiment for arm in resolve(axes=["training-data"], dataset=dataset)}
    assert list(arms) == [f"{c}-{v}" for c in ("text", "audio") for v in ("original", "oral")]
    for name, arm in arms.items():
        assert f"{arm.condition}-{arm.train_variant}" == name
        assert arm.test_variant == "oral"
    assert len({rest_of(arm, "condition", "train_variant") for arm in arms.values()}) == 1


@pytest.mark.parametrize("dataset", EXPERIMENTS)
def test_condition_is_on_the_captions_as_written(dataset):
    arms = {arm.name: arm.experiment for arm in resolve(axes=["condition"], dataset=dataset)}
    assert {name: arm.condition for name, arm in arms.items()} == {"text": "text", "audio": "audio"}
    assert {(arm.train_variant, arm.test_variant) for arm in arms.values()} == {
        ("original", "original")
    }
    assert arms["audio"] == resolve(dataset)[0].experiment


@pytest.mark.parametrize("dataset", EXPERIMENTS)
def test_a_cascade_reads_what_it_hears_and_end_to_end_is_the_experiment(dataset):
    arms = {arm.name: arm.experiment for arm in resolve(axes=["pipeline"], dataset=dataset)}
    assert arms["end-to-end"] == resolve(dataset)[0].experiment
    cascade = arms["cascade"]
    assert (cascade.condition, cascade.test_text) == ("text", "transcripts")
    assert rest_of(cascade, "condition", "test_text") == rest_of(
        arms["end-to-end"], "condition", "test_text"
    )
    weights = "random" if dataset in ("demo", "bandai", "folder") else "openai/whisper-small"
    assert cascade.recognizer.weights == weights
    assert cascade.weights_label.startswith(f"{cascade.recognizer.weights_label} + ")


def test_what_is_heard_anyway_is_not_transcribed():
    with pytest.raises(ConfigError, match=r"transcripts is of a system that reads; set condition"):
        resolve("demo", sets=["test_text=transcripts"])


VALUES = {
    "memory-size": ([64, 128, 256, 512, 1024], [("compressor", "num_memory_tokens")]),
    "condition-dropout": (
        [0, 0.1, 0.2, 0.3, 0.5],
        [("masked", "condition_drop_prob"), ("residual", "condition_drop_prob")],
    ),
    "num-quantizers": ([2, 4, 6, 8], [("rvq", "num_quantizers")]),
}


@pytest.mark.parametrize("axis", VALUES)
@pytest.mark.parametrize("dataset", EXPERIMENTS)
def test_an_arm_is_its_value_and_nothing_else(axis, dataset):
    values, keys = VALUES[axis]
    arms = [arm.experiment for arm in resolve(axes=[axis], dataset=dataset)]
    for section, key in keys:
        assert [getattr(getattr(arm, section), key) for arm in arms] == values
    assert len({rest_of(arm, *keys) for arm in arms}) == 1


@pytest.mark.parametrize("axis", VALUES)
def test_the_papers_value_is_the_baseline(axis):
    baseline = load_axis(axis).config.baseline
    (arm,) = resolve(axes=[axis], arms=[baseline], dataset="kit")
    assert arm.experiment == resolve("kit")[0].experiment


def rest_of(experiment, *keys):
    """Return an experiment without some of its keys, as text."""
    content = experiment.model_dump(mode="json")
    for key in keys:
        section, name = (content[key[0]], key[1]) if isinstance(key, tuple) else (content, key)
        del section[name]
    return repr(content)
