"""What an evaluation leaves: the metrics of each repeat, and what was counted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from audiomotion.evaluate.metrics.interval import interval


@dataclass(frozen=True)
class RepeatResult:
    """The metrics of one generation of the whole split."""

    repeat: int
    """Number of the repeat, from 0."""

    metrics: dict[str, float]
    """`fid`, `top1` to `top3`, `mm_distance`, `diversity` and, if measured, `multimodality`."""

    num_clips: int
    """Clips measured, one caption each."""

    num_pools: int
    """Pools of R-precision."""

    num_dropped: int
    """Clips that were in no pool; with `published` sampling they are in no metric."""

    sampling: str = "fixed"
    """How clips were drawn: `evaluation.sampling`."""

    def to_json(self) -> dict[str, Any]:
        """Return a content for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "RepeatResult":
        """Return what `to_json` described."""
        return cls(**content)


@dataclass(frozen=True)
class Summary:
    """One metric over all repeats."""

    mean: float
    half_width: float
    """Half the width of the published 95 % interval."""


@dataclass(frozen=True)
class EvaluationResult:
    """All repeats of an evaluation."""

    repeats: tuple[RepeatResult, ...]

    unknown_words: float = 0.0
    """Share, 0..1, of the words of the instructions that the evaluator does not know."""

    @classmethod
    def of(cls, repeats: Sequence[RepeatResult], unknown_words: float = 0.0) -> "EvaluationResult":
        """Collect finished repeats, in whatever order they finished."""
        assert repeats, "an evaluation has at least one repeat"
        return cls(tuple(sorted(repeats, key=lambda result: result.repeat)), unknown_words)

    @property
    def num_repeats(self) -> int:
        """Repeats that were measured."""
        return len(self.repeats)

    @property
    def num_clips(self) -> int:
        """Clips measured in the repeat that had fewest."""
        return min(result.num_clips for result in self.repeats)

    @property
    def num_pools(self) -> int:
        """Pools of R-precision in the repeat that had fewest: its captions decide how many fill."""
        return min(result.num_pools for result in self.repeats)

    @property
    def num_dropped(self) -> int:
        """Clips that were in no pool, in the repeat that had most."""
        return max(result.num_dropped for result in self.repeats)

    @property
    def values(self) -> dict[str, list[float]]:
        """Each metric's value in every repeat."""
        names = self.repeats[0].metrics
        return {name: [result.metrics[name] for result in self.repeats] for name in names}

    @property
    def summaries(self) -> dict[str, Summary]:
        """Each metric's mean and interval over the repeats."""
        return {name: Summary(*interval(values)) for name, values in self.values.items()}

    def to_json(self) -> dict[str, Any]:
        """Return a content for JSON: the repeats, and for readers what follows from them."""
        return {
            "num_repeats": self.num_repeats,
            "num_clips": self.num_clips,
            "num_pools": self.num_pools,
            "num_dropped": self.num_dropped,
            "sampling": self.repeats[0].sampling,
            "unknown_words": self.unknown_words,
            "summaries": {name: asdict(summary) for name, summary in self.summaries.items()},
            "repeats": [result.to_json() for result in self.repeats],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "EvaluationResult":
        """Return what `to_json` described."""
        repeats = [RepeatResult.from_json(repeat) for repeat in content["repeats"]]
        return cls.of(repeats, content["unknown_words"])
