import pytest

from audiomotion.speech.numbers import spelled


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("walk 3 steps", "walk three steps"),
        ("turn 90° left", "turn ninety degrees left"),
        ("0 1 10 11 20 42", "zero one ten eleven twenty forty two"),
        ("100 and 250 and 1000", "one hundred and two hundred fifty and one thousand"),
        ("360000 times", "three hundred sixty thousand times"),
        ("1.5 m", "one point five m"),
        ("the 1st, 2nd and 3rd", "the first, second and third"),
        ("4th 5th 12th 20th 21st", "fourth fifth twelfth twentieth twenty first"),
        ("at 1234567", "at one two three four five six seven"),
        ("a 3d box, 50% off", "a three d box, fifty percent off"),
        ("1,000 or 12,5", "one thousand or twelve, five"),
        ("no numbers", "no numbers"),
    ],
)
def test_numbers_are_read_aloud(text: str, words: str) -> None:
    assert spelled(text) == words


def test_no_digit_is_left() -> None:
    assert not any(letter.isdigit() for letter in spelled("x12y 3.4.5 6th7 0x9f 1,000"))
