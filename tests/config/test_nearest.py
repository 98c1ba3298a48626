import pytest

from audiomotion.config.nearest import nearest, not_one_of


@pytest.mark.parametrize(
    ("word", "options", "found"),
    [
        ("wavml", ["wavlm", "encodec"], "wavlm"),
        ("Log_Mel", ["log-mel", "wavlm"], "log-mel"),
        ("wavlm-base", ["wavlm", "encodec"], "wavlm"),
        ("feature", ["feature-extractor"], "feature-extractor"),
        ("lr", ["learning_rate", "lr_gamma_x"], "learning_rate"),
        ("gpu", ["cpu", "cuda"], None),
        ("x", ["cpu", "xylophone"], None),
        ("", ["cpu"], None),
        ("banana", ["wavlm", "encodec"], None),
    ],
)
def test_nearest(word, options, found):
    assert nearest(word, options) == found


def test_a_value_that_is_no_string_is_shown_as_it_is():
    assert not_one_of(["a"], ["b", "c"]) == "['a'] is not one of b, c"
