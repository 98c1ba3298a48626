"""Did you mean ...?"""

import difflib
from collections.abc import Iterable, Sequence

# With less, `gpu` would be taken for `cpu`.
_CUTOFF = 0.7
_SHORTEST_PREFIX = 3


def nearest(word: str, options: Iterable[str]) -> str | None:
    """Return the option that `word` was probably meant to be, None where none is near.

    Besides misspellings it finds `feature-extractor` for `feature`, `wavlm` for `wavlm-base`, and
    `learning_rate` for its initials `lr`.
    """
    plain = {_plain(option): option for option in options}
    written = _plain(word)
    found = difflib.get_close_matches(written, plain, n=1, cutoff=_CUTOFF)
    if len(written) >= _SHORTEST_PREFIX:
        found += [name for name in plain if name.startswith(written) or written.startswith(name)]
    if len(written) > 1:
        found += [name for name in plain if _initials(name) == written]
    return plain[found[0]] if found else None


def not_one_of(value: object, options: Sequence[str], what: str = "") -> str:
    """Return the sentence about a value outside a closed set, with the nearest member."""
    sentence = f"{value!r} is not one of {what}{', '.join(options)}"
    return sentence + did_you_mean(nearest(str(value), options))


def did_you_mean(suggestion: str | None) -> str:
    """Return the end of a sentence that proposes `suggestion`, if there is one."""
    return f"; did you mean {suggestion!r}?" if suggestion is not None else ""


def _initials(text: str) -> str:
    return "".join(part[:1] for part in text.split("_"))


def _plain(text: str) -> str:
    return text.lower().replace("-", "_")
