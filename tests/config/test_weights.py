import pytest

from audiomotion.config.resolve import resolve

HUB = "microsoft/wavlm-base-plus"


def weights_of(*args, **kwargs):
    extractor = resolve(*args, **kwargs)[0].experiment.extractor
    return extractor.weights, extractor.random_size


@pytest.mark.parametrize(
    ("experiment", "options", "expected"),
    [
        ("demo", {}, ("random", "tiny")),
        ("bandai", {}, ("random", "tiny")),
        ("kit", {}, (HUB, None)),
        ("demo", {"weights": "pretrained"}, (HUB, None)),
        ("kit", {"weights": "random"}, ("random", "tiny")),
        ("demo", {"sets": ["weights=pretrained"]}, (HUB, None)),
        ("demo", {"sets": ["extractor.weights=a/b"]}, ("a/b", None)),
        ("demo", {"sets": ["extractor.random_size=base"]}, ("random", "base")),
        (
            "kit",
            {"weights": "random", "sets": ["extractor.weights=a/b"]},
            ("a/b", None),
        ),
    ],
)
def test_who_decides_the_weights(experiment, options, expected):
    sets = ["extractor.name=wavlm", *options.pop("sets", [])]
    assert weights_of(experiment, sets=sets, **options) == expected


@pytest.mark.parametrize(
    ("named", "option", "expected"),
    [
        ("weights: /models/own", "pretrained", ("/models/own", None)),
        ("weights: /models/own", "random", ("random", "tiny")),
        ("weights: random, random_size: base", "random", ("random", "base")),
        ("weights: random, random_size: base", "pretrained", (HUB, None)),
    ],
)
def test_the_option_wins_over_a_recipe_only_where_they_contradict(write, named, option, expected):
    write(f"extends: demo\nextractor: {{name: wavlm, {named}}}\n")
    assert weights_of("mine.yaml", weights=option) == expected


def test_a_part_without_weights_is_left_alone():
    extractor = resolve("demo", weights="random")[0].experiment.extractor
    assert extractor.name == "log-mel"
    assert extractor.weights_label == "none"


def test_a_part_that_stands_by_default_follows_too(tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(
        "name: mine\ndataset: {name: demo}\nextractor: {name: log-mel}\n"
        "compressor: {name: memory-retrieval}\nweights: random\n"
    )
    encoder = resolve(str(recipe))[0].experiment.text_encoder
    assert (encoder.name, encoder.weights, encoder.random_size) == ("clip", "random", "tiny")
    pretrained = resolve(str(recipe), weights="pretrained")[0].experiment.text_encoder
    assert pretrained.weights == "openai/clip-vit-base-patch32"


def test_a_part_that_is_named_by_default_follows_when_something_else_of_it_is_given():
    sets = ["recognizer.max_tokens=6"]
    recognizer = resolve("demo", sets=sets, weights="random")[0].experiment.recognizer
    assert (recognizer.weights, recognizer.max_tokens) == ("random", 6)
    recognizer = resolve("demo", sets=sets, weights="pretrained")[0].experiment.recognizer
    assert (recognizer.weights, recognizer.random_size) == ("openai/whisper-small", None)
