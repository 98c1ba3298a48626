"""Numbers in words, for models whose alphabet has no digits and who would leave them out."""

import re

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = (
    "", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_NUMBER = re.compile(r"(\d+)(?:[.](\d+))?(st|nd|rd|th)?(?![a-z])|(\d)", re.IGNORECASE)

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def spelled(text: str) -> str:
    """Return `text` with its numbers in words: `turns 90 degrees`, `2nd`, `1.5`.

    Numbers of more than six digits are read digit by digit.
    """
    text = text.replace("%", " percent").replace("°", " degrees").replace("&", " and ")
    words = _NUMBER.sub(_words, _THOUSANDS.sub("", text))
    return re.sub(r"\s+([,.;:!?])", r"\1", " ".join(words.split()))


def _words(match: re.Match[str]) -> str:
    whole, fraction, ordinal, digit = match.groups()
    if whole is None:
        return f" {_ONES[int(digit)]} "
    words = _cardinal(int(whole)) if len(whole) <= 6 else _digits(whole)
    if fraction:
        words += f" point {_digits(fraction)}"
    return f" {_ordinal(words) if ordinal else words} "


def _digits(number: str) -> str:
    return " ".join(_ONES[int(digit)] for digit in number)


def _cardinal(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        rest = f" {_ONES[number % 10]}" if number % 10 else ""
        return _TENS[number // 10] + rest
    size, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    rest = f" {_cardinal(number % size)}" if number % size else ""
    return f"{_cardinal(number // size)} {name}{rest}"


def _ordinal(words: str) -> str:
    head, _, last = words.rpartition(" ")
    word = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{head} {word}".strip()
