"""What an axis asks about: the concerns by which alone an arm differs from the baseline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from audiomotion.config.dotted import flatten
from audiomotion.orchestrate.records import RunRecord

Concern = Literal[
    "encoder",
    "compressor",
    "training",
    "data",
    "speech",
    "tokens",
    "transformers",
    "judge",
    "other",
]

_CONCERNS: Final[tuple[tuple[str, Concern], ...]] = (
    *((key, "encoder") for key in ("condition", "extractor", "text_encoder", "recognizer")),
    ("test_text", "encoder"),
    ("compressor", "compressor"),
    ("masked.training", "training"),
    ("residual.training", "training"),
    ("masked", "transformers"),
    ("residual", "transformers"),
    *((key, "data") for key in ("dataset", "train_variant", "test_variant")),
    ("speech", "speech"),
    ("rvq", "tokens"),
    ("evaluator", "judge"),
    ("evaluation", "judge"),
)
"""The first that a key begins with."""

_NO_QUESTION: Final = ("name", "seed")


@dataclass(frozen=True)
class Question:
    """What the arms of a launch differ in."""

    concerns: frozenset[Concern]
    """What the axis asks about."""
    keys: frozenset[str]
    """Keys of the configuration in which any arm differs from the baseline, dotted."""

    def asks(self, *concerns: Concern) -> bool:
        """Return whether it is asked about one of these."""
        return bool(self.concerns & set(concerns))


def question(record: RunRecord) -> Question:
    """Return what the axes of a launch ask about.

    An arm that changes something beside what is asked about is not like the others: what it was
    given more or less of is then no part of the question.
    """
    arms = {arm.arm: arm.experiment for arm in record.arms}
    baseline = arms.get(str(record.axis.get("baseline")), next(iter(arms.values())))
    changed = [set(_differing(baseline, experiment)) for experiment in arms.values()]
    concerned = [{_concern(key) for key in keys} for keys in changed]
    alone = {next(iter(concerns)) for concerns in concerned if len(concerns) == 1}
    return Question(frozenset(alone), frozenset().union(*changed))


def _concern(key: str) -> Concern:
    found = (concern for start, concern in _CONCERNS if f"{key}.".startswith(f"{start}."))
    return next(found, "other")


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys whose values differ."""
    first, second = dict(flatten(one)), dict(flatten(other))
    for key in first.keys() | second.keys():
        if first.get(key) != second.get(key) and key not in _NO_QUESTION:
            yield key
