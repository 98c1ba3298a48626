import logging

from hypothesis import given
from hypothesis import strategies as st

from audiomotion.extract.tokens import HashedWords

WORDS = HashedWords(num_ids=2048, max_tokens=8)


def test_hashed_words_known_answer():
    """The same ids on every machine: SHA-256 of "walk", its first 8 bytes, modulo 2045."""
    assert WORDS(["walk"]) == [[2046, 749, 2047]]


def test_marks_are_words_and_case_does_not_matter():
    (loud,), (quiet,) = WORDS(["Turn LEFT, now!"]), WORDS(["turn left , now !"])
    assert loud == quiet
    assert len(loud) == 2 + 5


@given(text=st.text())
def test_ids_are_the_models_and_no_word_is_filling_or_an_end(text):
    (ids,) = HashedWords(num_ids=20, max_tokens=10_000)([text])
    assert (ids[0], ids[-1]) == (18, 19)
    assert all(1 <= word <= 17 for word in ids[1:-1])


def test_a_long_text_keeps_its_end_token(caplog):
    with caplog.at_level(logging.WARNING):
        long, short = WORDS(["turn " * 20, "turn"])
    assert len(long) == 8
    assert long[-1] == short[-1] == 2047
    assert "1 of 2 texts have more than 8 tokens" in caplog.text
