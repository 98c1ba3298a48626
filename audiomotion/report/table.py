"""The comparison of a launch as one object, whatever it is shown as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audiomotion.report.comparison import Comparison, SamplingDifferences
from audiomotion.report.fairness.card import FairnessCard
from audiomotion.report.published import PublishedFigures, PublishedRow
from audiomotion.report.statistics import Figure
from audiomotion.report.verdicts import Verdict


@dataclass(frozen=True)
class Row:
    """One arm, one kind of real motion, or a system that is published only."""

    name: str
    figures: Mapping[str, Figure]
    """Measured, by metric; empty where the arm has no result."""
    published: Sequence[PublishedRow | None] = ()
    """The paper's row in each of the table's `published`; None where it has none."""
    weights: str = ""
    """Where the encoder's weights come from."""
    reason: str = ""
    """Why the arm has no result, or why some of its seeds have none."""
    by_seed: Mapping[int, Mapping[str, Figure]] = field(default_factory=dict)
    """Each training seed's own figures, with the interval over its repeats."""
    verdicts: Sequence[Mapping[str, Verdict]] = ()
    """Beside each of `published`, by metric: what ours says of it."""
    artifacts: Mapping[int, str] = field(default_factory=dict)
    """By seed, the artifact that the figures stand in: `evaluation/FINGERPRINT`."""


@dataclass(frozen=True)
class ResultTable:
    """What a launch found, beside what was published."""

    title: str
    dataset: str
    rows: Sequence[Row]
    references: Sequence[Row]
    """Real motion and its RVQ reconstruction: the ceiling."""
    published: Sequence[PublishedFigures]
    """The paper's tables that answer the same questions: one an axis at most."""
    systems: Sequence[Row]
    """Other systems, measured here from their motions as the arms were."""
    published_only: Sequence[Row]
    """Systems of those tables that are neither arm nor measured here."""
    notes: Sequence[str]
    """What the figures are and are not."""
    card: FairnessCard | None
    """What each arm was given; None of another system, which was given nothing here."""
    comparison: Comparison
    """The arms against each other, over training seeds."""
    sampling: SamplingDifferences = field(default_factory=dict)
    """Of one training seed each, instead: the arms minus the baseline over the same draws."""

    @property
    def all_rows(self) -> list[Row]:
        """Every row, in the order that tables show."""
        return [*self.references, *self.rows, *self.systems, *self.published_only]

    @property
    def has_seeds(self) -> bool:
        """Whether an arm has several training seeds, so that intervals are over these."""
        return any(len(row.by_seed) > 1 for row in self.rows)

    @property
    def warnings(self) -> Sequence[str]:
        """By what the comparison is less than fair."""
        return self.card.warnings if self.card else ()
