"""How much a cascade mishears: the word error rate of its transcripts."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audiomotion.data.utterances import Utterances
from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.orchestrate.results import fetch_wordings
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.results import TRANSCRIPTS

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@dataclass(frozen=True)
class WordErrors:
    """Words that were put in, left out or replaced, of all that were spoken."""

    errors: int
    words: int
    instructions: int

    @property
    def rate(self) -> float:
        """Errors a spoken word: above 1 where much is made up."""
        return self.errors / self.words if self.words else 0.0


def word_errors(pairs: Iterable[tuple[str, str]]) -> WordErrors:
    """Count the word errors of pairs of what was spoken and what was heard.

    Case and punctuation do not count; an apostrophe inside a word does.
    """
    counts = [
        (_distance(_words(spoken), _words(heard)), len(_words(spoken))) for spoken, heard in pairs
    ]
    errors, words = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    return WordErrors(errors, words, len(counts))


def word_errors_of(store: ArtifactStore, record: RunRecord) -> dict[str, WordErrors]:
    """Return the word errors of each arm of a launch that is a cascade."""
    fetch_wordings(store, record)
    return {
        arm.arm: _of_arm(store.artifact_root, arm)
        for arm in record.arms
        if arm.status == "done" and {"transcribe", "speak"} <= arm.fingerprints.keys()
    }


def _of_arm(artifacts: Path, arm: ArmRecord) -> WordErrors:
    heard = read_json(artifacts / "transcribe" / arm.fingerprints["transcribe"] / TRANSCRIPTS)
    records = Utterances(artifacts / "speak" / arm.fingerprints["speak"]).records
    return word_errors((records[int(number)].text, text) for number, text in heard.items())


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("\u2019", "'"))


def _distance(spoken: Sequence[str], heard: Sequence[str]) -> int:
    """Return the least number of words to put in, leave out or replace (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for place, word in enumerate(spoken, start=1):
        above, row = row, [place]
        for column, other in enumerate(heard):
            replaced = above[column] + (word != other)
            row.append(min(replaced, above[column + 1] + 1, row[column] + 1))
    return row[-1]
