"""The metrics of the field: their names in tables, and which way is better."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """One column of a table."""

    key: str
    """Name in results, in MLflow and in the published figures."""
    label: str
    better: Literal["lower", "higher", "real"]
    """Which way is better; `real`: the closer to real motion the better."""
    published: str = ""
    """Name in the published figures, where it is another."""

    @property
    def in_paper(self) -> str:
        """Name in the published figures."""
        return self.published or self.key

    @property
    def heading(self) -> str:
        """Label with the direction."""
        return self.label + {"lower": " ↓", "higher": " ↑", "real": " →"}[self.better]


METRICS = (
    Metric("fid", "FID", "lower"),
    Metric("top1", "R-top1", "higher"),
    Metric("top2", "R-top2", "higher"),
    Metric("top3", "R-top3", "higher"),
    Metric("mm_distance", "MM Dist", "lower", published="mm_dist"),
    Metric("multimodality", "MultiModality", "higher"),
    Metric("diversity", "Diversity", "real"),
)

PUBLISHED_ONLY = (Metric("samples_per_second", "samples/s", "higher"),)
"""What the paper reports and a launch does not measure."""
