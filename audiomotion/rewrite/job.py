"""Rewriting many captions: what is kept is not asked again, what fails is asked again and told."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final

from audiomotion.rewrite.base import Answer, Request, Rewriter
from audiomotion.rewrite.cache import Rewrite, RewriteCache, mean_seconds
from audiomotion.rewrite.checks import find_fault

CHARACTERS_PER_TOKEN: Final = 4.0
"""Of English text, for estimates."""


@dataclass(frozen=True)
class Failure:
    """A caption that has no rewrite."""

    caption: str
    take: int
    reason: str
    last: str
    """The last text that was refused; empty where none came."""


@dataclass
class Tally:
    """How far a job is."""

    total: int
    """Rewrites to be made."""
    done: int = 0
    """Rewrites made or given up."""
    asked: int = 0
    """Answers that came, refused ones included."""
    tokens_in: int = 0
    tokens_out: int = 0

    def count(self, answer: Answer) -> None:
        """Add an answer."""
        self.asked += 1
        self.tokens_in += answer.tokens_in
        self.tokens_out += answer.tokens_out


@dataclass(frozen=True)
class Estimate:
    """What is to be done, before anything is."""

    num_wanted: int
    """Rewrites wanted of different captions, kept ones included."""
    num_kept: int
    tokens_in: int
    tokens_out: int
    seconds: float
    is_measured: bool
    """Whether `seconds` follows from earlier requests."""

    @property
    def num_missing(self) -> int:
        """Rewrites that are asked for."""
        return self.num_wanted - self.num_kept


@dataclass
class Job:
    """Rewrites of captions, each different caption once."""

    rewriter: Rewriter
    captions: Sequence[str]
    """Different captions."""
    cache: RewriteCache
    num_rewrites: int = 1
    texts: dict[str, list[str]] = field(default_factory=dict)
    """The rewrites of each caption that has all of them."""
    failures: list[Failure] = field(default_factory=list)
    _found: dict[str, list[Rewrite]] | None = None

    def estimate(self) -> Estimate:
        """Return what there is to do; looks into the cache, asks nobody."""
        kept = [rewrite for takes in self._kept().values() for rewrite in takes]
        wanted = len(self.captions) * self.num_rewrites
        have = {(rewrite.caption, rewrite.take) for rewrite in kept}
        missing = [
            Request(caption, take)
            for caption in self.captions
            for take in range(self.num_rewrites)
            if (caption, take) not in have
        ]
        characters = [self.rewriter.num_characters(request) for request in missing]
        measured = mean_seconds(kept)
        seconds = self.rewriter.typical_seconds if measured is None else measured
        return Estimate(
            num_wanted=wanted,
            num_kept=len(kept),
            tokens_in=round(sum(sent for sent, _ in characters) / CHARACTERS_PER_TOKEN),
            tokens_out=round(sum(back for _, back in characters) / CHARACTERS_PER_TOKEN),
            seconds=len(missing) * seconds / self.rewriter.at_once,
            is_measured=measured is not None,
        )

    def only(self, limit: int) -> None:
        """Leave out all captions with something to ask but the first `limit`."""
        kept = self._kept()
        missing = [c for c in self.captions if len(kept.get(c, ())) < self.num_rewrites]
        left_out = set(missing[limit:])
        self.captions = [caption for caption in self.captions if caption not in left_out]

    def run(self, report: Callable[[Tally], None]) -> Tally:
        """Make what is missing; every rewrite is kept as soon as it passes the checks.

        Raises:
            DataError: The cache cannot be written.
            ModelError: The rewriter cannot work.
        """
        kept = self._kept()
        said = {caption: [item.text for item in kept.get(caption, ())] for caption in self.captions}
        missing = sum(self.num_rewrites - len(texts) for texts in said.values())
        tally = Tally(missing)
        report(tally)
        for take in range(self.num_rewrites):
            self._run_take(take, said, tally, report)
        failed = {failure.caption for failure in self.failures}
        self.texts = {c: said[c] for c in self.captions if c not in failed}
        return tally

    def _run_take(
        self,
        take: int,
        said: dict[str, list[str]],
        tally: Tally,
        report: Callable[[Tally], None],
    ) -> None:
        # A caption whose earlier take failed has fewer texts, and is asked no further.
        pending = [
            Request(caption, take, tuple(texts))
            for caption, texts in said.items()
            if len(texts) == take
        ]
        for attempt in range(1, self.rewriter.attempts + 1):
            is_last = attempt == self.rewriter.attempts
            refused: list[tuple[Request, str, str]] = []
            with closing(self.rewriter.rewrite(pending)) as answers:
                for request, answer in answers:
                    tally.count(answer)
                    fault = self._fault(request, answer)
                    if fault:
                        refused.append((request, fault, answer.text))
                    else:
                        self._keep(request, answer)
                        said[request.caption].append(answer.text)
                    tally.done += 1 if not fault else (self.num_rewrites - take) * is_last
                    report(tally)
            pending = [_again(*item) for item in refused]
        self.failures += [
            Failure(request.caption, take, fault, text)
            for request, fault, text in sorted(refused, key=lambda item: item[0].caption)
        ]

    def _fault(self, request: Request, answer: Answer) -> str:
        return answer.problem or find_fault(request.caption, answer.text, request.others)

    def _keep(self, request: Request, answer: Answer) -> None:
        if self.rewriter.is_cached:
            self.cache.keep(
                Rewrite(
                    request.caption,
                    request.take,
                    answer.text,
                    answer.tokens_in,
                    answer.tokens_out,
                    answer.seconds,
                )
            )

    def _kept(self) -> dict[str, list[Rewrite]]:
        """Return the rewrites of each caption that are kept, from the first take on."""
        if self._found is None:
            captions = self.captions if self.rewriter.is_cached else ()
            self._found = {caption: self._kept_of(caption) for caption in captions}
        return self._found

    def _kept_of(self, caption: str) -> list[Rewrite]:
        kept: list[Rewrite] = []
        while len(kept) < self.num_rewrites and (found := self.cache.find(caption, len(kept))):
            kept.append(found)
        return kept


def _again(request: Request, fault: str, text: str) -> Request:
    """Return the request for another attempt; only what is wrong with a text is worth telling."""
    return replace(request, attempt=request.attempt + 1, refused=text, reason=fault if text else "")
