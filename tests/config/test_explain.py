import re

from audiomotion.config.compressors import COMPRESSORS
from audiomotion.config.explain import explain
from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.resolve import resolve


def explained(**options):
    return {line.path: line for line in explain(resolve(**options)[0])}


def test_every_value_says_where_it_comes_from(write):
    write("extends: demo\nseed: 3\n")
    axis = write("question: How wide?\nbaseline: a\narms:\n  a: {rvq: {width: 16}}\n", "width.yaml")
    lines = explained(experiment="mine.yaml", axes=[axis], sets=["masked.num_layers=1"])
    assert lines["seed"].origin == "mine.yaml:2"
    assert lines["rvq.width"].origin == "width.yaml:4 arm 'a'"
    assert lines["masked.num_layers"].origin == "--set masked.num_layers=1"
    assert re.search(r"demo\.yaml:\d+$", lines["rvq.num_quantizers"].origin)
    assert lines["rvq.ema_decay"].origin == "schema default"
    assert lines["runtime.checkpoint_seconds"].origin == "schema default"
    assert lines["runtime.device"].value == "cpu"


def test_a_computed_value_comes_from_what_it_was_computed_from():
    lines = explained(experiment="kit", sets=["generation.masked.guidance_s=1"])
    assert lines["generation.masked.guidance_scale"].value == 2.0
    assert (
        lines["generation.masked.guidance_scale"].origin == "--set generation.masked.guidance_s=1"
    )


def test_weights_come_from_the_key_or_option_that_decided_them():
    sets = ["extractor.name=wavlm"]
    recipe = explained(experiment="demo", sets=sets)
    assert re.search(r"demo\.yaml:\d+$", recipe["extractor.weights"].origin)
    option = explained(experiment="kit", sets=sets, weights="random")
    assert option["extractor.weights"].origin == "--weights random"


def test_every_value_has_a_docstring():
    for name in [*EXTRACTORS.schemas, "log-mel"]:
        lines = explained(experiment="demo", sets=[f"extractor.name={name}"])
        assert [path for path, line in lines.items() if not line.docstring] == []
    assert lines["extractor.name"].docstring == "Log-mel spectrogram: no weights."
    for name in COMPRESSORS.schemas:
        lines = explained(experiment="demo", sets=[f"compressor.name={name}"])
        assert [path for path, line in lines.items() if not line.docstring] == []


def test_paths_can_be_set_back_to_what_they_are():
    lines = explained(experiment="demo")
    sets = [
        f"{path}={list(line.value) if isinstance(line.value, tuple) else line.value}"
        for path, line in lines.items()
        if line.value is not None and not isinstance(line.value, bool)
    ]
    assert resolve("demo", sets=sets)[0].experiment == resolve("demo")[0].experiment
