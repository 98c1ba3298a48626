import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.report.word_errors import WordErrors, word_errors

TEXT = st.lists(st.sampled_from(["walk", "jump", "turn", "left"]), max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("spoken", "heard", "errors"),
    [
        ("a man walks", "A man walks.", 0),  # neither case nor marks count
        ("a man walks", "a men walks", 1),
        ("a man walks", "man walks", 1),
        ("a man walks", "a man he walks", 1),
        ("a man walks", "", 3),
        ("he doesn't jump", "he doesn\u2019t jump", 0),
        ("turn left", "left turn", 2),
    ],
)
def test_known_errors(spoken: str, heard: str, errors: int) -> None:
    assert word_errors([(spoken, heard)]).errors == errors


def test_the_rate_is_over_all_words_not_over_instructions() -> None:
    found = word_errors([("a b c d e f g", "a b c d e f g"), ("a", "x y")])
    assert found == WordErrors(errors=2, words=8, instructions=2)
    assert found.rate == 0.25
    assert word_errors([]).rate == 0


@given(TEXT, TEXT)
def test_a_distance_is_bounded_by_the_longer_text_and_zero_only_of_equals(a: str, b: str) -> None:
    errors = word_errors([(a, b)]).errors
    longer, shorter = sorted((len(a.split()), len(b.split())), reverse=True)
    assert longer - shorter <= errors <= longer
    assert (errors == 0) == (a == b)
    assert word_errors([(b, a)]).errors == errors
