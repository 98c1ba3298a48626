"""How many clips, captions and spoken instructions the paper's data sets have, and ours beside."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

SPLITS = ("train", "val", "test")

_MIRRORED = re.compile(r"M(\d+)")


@dataclass(frozen=True)
class Counts:
    """Clips and what is said of them."""

    clips: int = 0
    captions: int = 0
    """Captions as written."""
    oral: int = 0
    """Captions as spoken: pairs of a rewrite and its clip."""

    def __add__(self, other: "Counts") -> "Counts":
        """Return the counts of both together."""
        return Counts(
            self.clips + other.clips, self.captions + other.captions, self.oral + other.oral
        )


@dataclass(frozen=True)
class PublishedData:
    """What is published of a data set."""

    counts: Counts
    """Clips and captions without mirrored clips; oral pairs, as far as can be told, with them."""
    listed: Mapping[str, int] = field(default_factory=dict)
    """Names in each split list, mirrored clips included; empty where we do not know."""
    unusable: Mapping[str, str] = field(default_factory=dict)
    """Clips that are distributed damaged and that every published loader leaves out."""


_NAN = "is published with values that are not numbers"
_NO_MOTION = "is published with one frame or none"

PUBLISHED: Mapping[str, PublishedData] = MappingProxyType(
    {
        # Source: Sec. 4 of the paper.
        "kit": PublishedData(Counts(3_911, 6_278, 12_696)),
        "humanml3d": PublishedData(
            Counts(14_616, 44_970, 87_384),
            {"train": 23_384, "val": 1_460, "test": 4_384},
            {
                **dict.fromkeys(("007975", "M007975"), _NAN),
                **dict.fromkeys(("009707", "M009707", "011059", "M011059"), _NO_MOTION),
            },
        ),
    }
)
"""The paper's figures, by the data set's name."""


def is_mirrored(name: str) -> bool:
    """Return whether a clip is the mirror image of another: `M` and the number of that one."""
    return _MIRRORED.fullmatch(name) is not None


def unmirrored(name: str) -> str:
    """Return the name of the clip that a mirrored one is the image of; another name as it is."""
    match = _MIRRORED.fullmatch(name)
    return match[1] if match else name


@dataclass
class Tally:
    """Counts by split, those of mirrored clips apart."""

    _counts: dict[tuple[str, bool], Counts] = field(default_factory=lambda: defaultdict(Counts))

    def add(self, name: str, split: str, counts: Counts) -> None:
        """Count something of the clip `name`."""
        self._counts[split, is_mirrored(name)] += counts

    def total(self, *, mirrored: bool, split: str | None = None) -> Counts:
        """Return the counts of all splits or of one, with or without mirrored clips."""
        chosen = (
            counts
            for (of_split, is_image), counts in self._counts.items()
            if split in (None, of_split) and (mirrored or not is_image)
        )
        return sum(chosen, Counts())

    def record(self) -> dict[str, Any]:
        """Return the counts for a JSON file, mirrored clips included and without them."""
        return {
            split: {
                **asdict(self.total(mirrored=True, split=split)),
                "without_mirrored": asdict(self.total(mirrored=False, split=split)),
            }
            for split in SPLITS
        }


@dataclass(frozen=True)
class Comparison:
    """One count, as published and as it is here."""

    what: str
    published: int | None
    """None where nothing is published."""
    listed: int
    """In the files."""
    kept: int | None
    """After exclusions, parts of clips counted as clips; None where nothing was excluded yet."""

    def sentence(self) -> str:
        """Say it in words."""
        here = f"{self.listed:,} in the files"
        if self.kept is not None:
            here += f", {self.kept:,} kept"
        if self.published is None:
            return f"{self.what}: {here}"
        share = 100.0 * (self.listed - self.published) / self.published
        return f"{self.what}: {here}; {self.published:,} published ({share:+.1f} %)"


def compare(name: str, listed: Tally, kept: Tally | None = None) -> list[Comparison]:
    """Set the counts of a data set beside the published ones, with and without mirrored clips."""
    known = PUBLISHED[name].counts if name in PUBLISHED else None
    rows = []
    for key, label in (("clips", "clips"), ("captions", "captions"), ("oral", "oral pairs")):
        for mirrored in (False, True):
            comparable = known is not None and mirrored == (key == "oral")
            rows.append(
                Comparison(
                    f"{label}, {'mirrored ones included' if mirrored else 'mirrored ones apart'}",
                    getattr(known, key) if comparable else None,
                    getattr(listed.total(mirrored=mirrored), key),
                    None if kept is None else getattr(kept.total(mirrored=mirrored), key),
                )
            )
    return rows
