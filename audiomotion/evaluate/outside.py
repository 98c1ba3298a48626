"""The motions of another system, by the instruction that each of them answers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.outside_files import GivenFile, Layout
from audiomotion.data.outside_motion import MotionReader
from audiomotion.errors import DataError
from audiomotion.evaluate.protocol import TestItem
from audiomotion.models.evaluator import FRAMES_PER_TOKEN

_NAMED: Final = 5
"""Clips that a sentence names."""

Answered = dict[int, list[GivenFile]]
"""Files by the utterance of their instruction."""


@dataclass(frozen=True)
class Askable:
    """What could be answered: the instructions of the measured split."""

    items: Sequence[TestItem]

    texts: Sequence[str]
    """Text of every instruction of the data set, by utterance."""

    splits: Mapping[str, str]
    """Split of every clip of the data set, to say where a clip is that is not asked for."""

    split: str
    """The measured one."""

    @cached_property
    def of_clip(self) -> Mapping[str, Sequence[TestItem]]:
        """The instructions of each clip, in the data set's order: they are numbered by it."""
        found: dict[str, list[TestItem]] = defaultdict(list)
        for item in sorted(self.items, key=lambda item: item.utterance):
            found[item.clip].append(item)
        return found

    @cached_property
    def names(self) -> Mapping[int, str]:
        """What a file that answers an instruction is called, by utterance."""
        return {
            item.utterance: f"{clip}@{number}"
            for clip, items in self.of_clip.items()
            for number, item in enumerate(items)
        }

    def find(self, answers: str, text: str | None) -> TestItem:
        """Return the instruction that a file answers, by its name and the manifest's text.

        Raises:
            DataError: There is none such, or several.
        """
        if answers in self.of_clip:
            return self._only(answers, text)
        clip, mark, number = answers.rpartition("@")
        if not mark or clip not in self.of_clip:
            raise DataError(self._unknown(clip if mark else answers))
        known = self.of_clip[clip]
        if not number.isdecimal() or int(number) >= len(known):
            raise DataError(f"instructions of {clip} are numbered 0 to {len(known) - 1}")
        return self._by_text(clip, [known[int(number)]], text)

    def _only(self, clip: str, text: str | None) -> TestItem:
        known = self.of_clip[clip]
        if text is None and len(known) > 1:
            raise DataError(
                f"{clip} has {len(known)} instructions; say which is answered: {clip}@0, or the "
                "text in the manifest"
            )
        return self._by_text(clip, known, text)

    def _by_text(self, clip: str, known: Sequence[TestItem], text: str | None) -> TestItem:
        """Return the first of some instructions, or the first that says what the manifest says."""
        for item in known:
            if text is None or _same_words(text, self.texts[item.utterance]):
                return item
        raise DataError(f"the manifest says {text!r}, which is no such instruction of {clip}")

    def _unknown(self, clip: str) -> str:
        if clip not in self.splits:
            return f"{clip} is no clip of the data set"
        if self.splits[clip] == self.split:
            return f"{clip} has no instruction of the variant that is measured"
        return f"{clip} is in the {self.splits[clip]} split, and the {self.split} split is measured"


class OutsideMotions:
    """Everything in a folder of generated motions, and what is wrong with it.

    Args:
        layout: The files.
        texts: Texts that the manifest says, by file.
        asked: The instructions.
        reader: Reads a motion.
    """

    def __init__(
        self, layout: Layout, texts: Mapping[str, str], asked: Askable, reader: MotionReader
    ) -> None:
        self.layout = layout
        self.asked = asked
        self.reader = reader
        self.problems = list(layout.problems)
        self._items: dict[int, TestItem] = {}
        self._motions: list[Answered] = [defaultdict(list) for _ in range(layout.num_repeats)]
        self._samples: dict[int | None, Answered] = defaultdict(lambda: defaultdict(list))
        self._add_all(texts)

    def _add_all(self, texts: Mapping[str, str]) -> None:
        shown = {file.shown for file in self.layout.files}
        self.problems += [
            f"the manifest has a text of {name}, which is not there"
            for name in texts
            if name not in shown
        ]
        for file in self.layout.files:
            try:
                item = self.asked.find(file.answers, texts.get(file.shown))
            except DataError as error:
                self.problems.append(f"{file.shown}: {error}")
            else:
                self._add(file, item)

    def _add(self, file: GivenFile, item: TestItem) -> None:
        self._items[item.utterance] = item
        if file.is_sample:
            self._samples[file.repeat][item.utterance].append(file)
            return
        if file.repeat is None or file.repeat >= len(self._motions):
            return  # a gap in the repeats, which is said already
        found = self._motions[file.repeat][item.utterance]
        found.append(file)
        if len(found) > 1:
            self.problems.append(f"{file.shown}: answers the same instruction as {found[0].shown}")

    @property
    def num_repeats(self) -> int:
        """Generations of the split that are there."""
        return len(self._motions)

    @cached_property
    def covered(self) -> set[str]:
        """Clips that have a motion in every repeat: only these are measured."""
        clips = [{self._items[row].clip for row in answered} for answered in self._motions]
        return set.intersection(*clips) if clips else set()

    @property
    def missing(self) -> list[str]:
        """Clips of the split that lack a motion in some repeat."""
        return sorted(set(self.asked.of_clip) - self.covered)

    def items(self, repeat: int) -> list[TestItem]:
        """Return the instructions that a repeat answers."""
        found = (self._items[row] for row in self._motions[repeat])
        return [item for item in found if item.clip in self.covered]

    def motion(self, repeat: int, item: TestItem) -> NDArray[np.float32]:
        """Return the motion `(N, P)` that a repeat answers an instruction with, not normalised."""
        return self.reader.read(self._motions[repeat][item.utterance][0].path).features

    def samples(self, repeat: int) -> list[list[GivenFile]]:
        """Return the files of each instruction that has several: a repeat's own, or all's."""
        found = self._samples.get(repeat) or self._samples.get(None, {})
        return list(found.values())

    def sample_problems(self, num_repeats: int, num_pairs: int) -> Iterator[str]:
        """Yield why MultiModality cannot be measured from what was given for it."""
        repeats = range(min(num_repeats, self.num_repeats))
        given = [repeat for repeat in repeats if self.samples(repeat)]
        if given and len(given) < len(repeats):
            without = next(repeat for repeat in repeats if repeat not in given)
            yield f"some repeats have motions for MultiModality, and repeat {without} has none"
        for repeat in given:
            counts = {len(files) for files in self.samples(repeat)}
            if len(counts) > 1 or min(counts) < num_pairs:
                yield (
                    f"MultiModality in repeat {repeat}: instructions have {_range(counts)} motions "
                    f"each; give all as many, and at least {num_pairs}"
                )

    def missing_problem(self) -> str:
        """Return which clips have no motion; empty: all have."""
        if not self.missing:
            return ""
        return (
            f"{len(self.missing)} of {len(self.asked.of_clip)} clips have no motion"
            f"{' in every repeat' if self.num_repeats > 1 else ''} ({named(self.missing)}); give "
            "them, or measure the others alone with --allow-missing"
        )

    def content_problems(
        self, real_height: Callable[[TestItem], float], report: Callable[[int, int], None]
    ) -> tuple[list[str], Counter[str]]:
        """Read every file; return what is wrong with them, and how many there are of each form.

        Args:
            real_height: Median height of the root in an instruction's real motion.
            report: Takes files read, and files in all.
        """
        problems, forms, heights = [], Counter[str](), []
        files = self._files()
        for number, (file, item) in enumerate(files, 1):
            try:
                motion = self.reader.read(file.path)
            except DataError as error:
                problems.append(f"{file.shown}: {str(error).removeprefix(f'{file.path}: ')}")
            else:
                forms[motion.form] += 1
                if problem := _length_problem(len(motion.features), item):
                    problems.append(f"{file.shown}: {problem}")
                column = self.reader.skeleton.layout.root_height
                height = float(np.median(motion.features[:, column]))
                heights.append((height, real_height(item)))
            report(number, len(files))
        return problems + list(_scale_problem(heights)), forms

    def _files(self) -> list[tuple[GivenFile, TestItem]]:
        places = [*self._motions, *self._samples.values()]
        return [
            (file, self._items[row])
            for answered in places
            for row, files in answered.items()
            for file in files
        ]


def named(clips: Sequence[str]) -> str:
    """Name the first of some clips."""
    more = ", ..." if len(clips) > _NAMED else ""
    return ", ".join(clips[:_NAMED]) + more


def _same_words(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()


def _length_problem(num_frames: int, item: TestItem) -> str:
    """Return why a motion's length is not that of what was asked for; empty: it is.

    The published protocol asks for the clip's whole tokens, or one fewer; joints lose a frame more.
    """
    least = max(FRAMES_PER_TOKEN, (item.num_frames // FRAMES_PER_TOKEN - 1) * FRAMES_PER_TOKEN - 1)
    if least <= num_frames <= item.num_frames:
        return ""
    return (
        f"has {num_frames} frames where {least} to {item.num_frames} are needed: clip {item.clip} "
        f"has {item.num_frames}; leave padding out"
    )


def _scale_problem(heights: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Yield that motions are as high above the floor as no body is: a sign of other numbers."""
    if not heights:
        return
    given, real = np.median(heights, axis=0)
    if not real / 2 <= given <= real * 2:
        yield (
            f"the root is {given:.3g} above the floor in most motions, and {real:.3g} in real "
            "motion; features must not be normalised (times std, plus mean), joints in the data "
            "set's units with Y up"
        )


def _range(counts: set[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"
