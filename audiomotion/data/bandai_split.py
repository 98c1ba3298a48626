"""Which (content, style) cells of the Bandai data are held out for validation and for test."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from statistics import median

_HELD_OUT_SHARE = 0.13
"""Part of a content's styles held out for test, and again for validation; at least one each."""
_MIN_STYLES = 3
"""A content with fewer styles stays in training as a whole."""


def assign_splits(cells: Mapping[tuple[int, str, str], int]) -> dict[str, str]:
    """Return the split of each group `content/style`.

    `cells` counts the clips of each (data set, content, style).

    Clips of a cell are near-duplicates that share their captions, so a split by clip would test
    repetition. Of each content of each data set some styles are held out, spread evenly over the
    styles; a cell that both data sets have goes to one split. The choice is the same every time.
    """
    strata: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for (dataset, content, style), num_clips in cells.items():
        strata[dataset, content][style] = num_clips
    assignment = _Assignment()
    # The larger data set chooses first, as its cells decide how large the splits are.
    for dataset, content in sorted(strata, key=lambda key: (-key[0], key[1])):
        styles = strata[dataset, content]
        for split in ("test", "val") if len(styles) >= _MIN_STYLES else ():
            assignment.hold_out(split, content, styles)
    groups = {f"{content}/{style}" for _, content, style in cells}
    return {group: assignment.split_of.get(group, "train") for group in sorted(groups)}


@dataclass
class _Assignment:
    split_of: dict[str, str] = field(default_factory=dict)
    uses: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each (split, style) was held out."""

    def hold_out(self, split: str, content: str, styles: Mapping[str, int]) -> None:
        """Hold out some styles of one content of one data set."""
        taken = [self.split_of.get(f"{content}/{style}") for style in styles]
        wanted = max(1, round(_HELD_OUT_SHARE * len(styles))) - taken.count(split)
        # A cell that lost most of its clips would leave its captions with none in the split.
        enough = 0.5 * median(styles.values())
        free = [style for style in styles if f"{content}/{style}" not in self.split_of]
        eligible = [style for style in free if styles[style] >= enough]
        for style in self._by_use(split, content, eligible)[: max(0, wanted)]:
            self.split_of[f"{content}/{style}"] = split
            self.uses[split, style] += 1

    def _by_use(self, split: str, content: str, styles: Iterable[str]) -> list[str]:
        def key(style: str) -> tuple[int, int, str]:
            everywhere = self.uses["test", style] + self.uses["val", style]
            tie_break = sha256(f"{content}/{style}".encode()).hexdigest()
            return self.uses[split, style], everywhere, tie_break

        return sorted(styles, key=key)
