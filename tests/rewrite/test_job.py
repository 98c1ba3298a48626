"""Many captions: kept, asked again, given up, counted."""

from dataclasses import asdict, replace

import pytest

from audiomotion.rewrite.base import Answer, Rewriter
from audiomotion.rewrite.cache import Rewrite, RewriteCache
from audiomotion.rewrite.job import Job, Tally
from tests.rewrite.server import well_said

CAPTIONS = [f"a person jumps {number} times" for number in range(2, 12)]


class Counting(Rewriter):
    """Says captions well, the last first; `refuses` at first, some for ever."""

    at_once = 2
    typical_seconds = 3.0

    def __init__(self, refuses=0, hopeless=()):
        self.asked = []
        self.refuses, self.hopeless = refuses, hopeless

    @property
    def identity(self):
        return {"name": "counting"}

    def num_characters(self, request):
        return 400, 40

    def rewrite(self, requests):
        for request in reversed(list(requests)):
            self.asked.append(request)
            is_bad = request.attempt < self.refuses or request.caption in self.hopeless
            text = request.caption if is_bad else f"{well_said(request.caption)}"
            text = text if is_bad or not request.take else f"You, jump {request.caption[14:]}."
            yield request, Answer(text, tokens_in=100, tokens_out=10, seconds=0.5)


@pytest.fixture
def cache(tmp_path):
    return RewriteCache(tmp_path, Counting().identity)


def test_what_is_kept_is_not_asked_again(cache):
    first = Job(Counting(), CAPTIONS, cache)
    tally = first.run(lambda tally: None)
    assert list(first.texts) == CAPTIONS
    assert (tally.done, tally.total, tally.asked, tally.tokens_in) == (10, 10, 10, 1000)
    again = Counting()
    second = Job(again, CAPTIONS, cache)
    assert second.run(lambda tally: None).total == 0
    assert second.texts == first.texts and again.asked == []


def test_the_rewriter_the_caption_and_the_take_decide(cache, tmp_path):
    Job(Counting(), CAPTIONS, cache).run(lambda tally: None)
    other = RewriteCache(tmp_path, {"name": "counting", "seed": 1})
    assert other.find(CAPTIONS[0], 0) is None
    assert cache.find(CAPTIONS[0], 0) and cache.find(CAPTIONS[0], 1) is None
    assert cache.find(CAPTIONS[0].upper(), 0) is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"caption": "a"}', "null"])
def test_a_damaged_file_is_made_again(cache, tmp_path, damage):
    Job(Counting(), CAPTIONS[:1], cache).run(lambda tally: None)
    (path,) = tmp_path.glob("*/*.json")
    whole = path.read_text()
    path.write_text(damage)
    job = Job(Counting(), CAPTIONS[:1], cache)
    assert job.run(lambda tally: None).asked == 1
    assert path.read_text() == whole


def test_a_file_of_another_caption_counts_as_none(cache, tmp_path):
    rewrite = Rewrite(CAPTIONS[0], 0, "Jump!")
    cache.keep(rewrite)
    (path,) = tmp_path.glob("*/*.json")
    cache.keep(replace(rewrite, caption=CAPTIONS[1]))
    (other,) = set(tmp_path.glob("*/*.json")) - {path}
    path.write_bytes(other.read_bytes())
    assert cache.find(CAPTIONS[0], 0) is None
    assert asdict(cache.find(CAPTIONS[1], 0))["text"] == "Jump!"


def test_refused_ones_are_asked_again_within_bounds(cache):
    rewriter = Counting(refuses=2, hopeless=CAPTIONS[:1])
    job = Job(rewriter, CAPTIONS, cache)
    seen = []
    tally = job.run(lambda tally: seen.append((tally.done, tally.total)))
    assert [request.attempt for request in rewriter.asked].count(3) == 1
    assert tally.asked == 10 + 10 + 10 + 1
    assert seen[0] == (0, 10) and seen[-1] == (10, 10)
    (failure,) = job.failures
    assert failure.caption == CAPTIONS[0] and "copy" in failure.reason
    assert list(job.texts) == CAPTIONS[1:]
    assert cache.find(CAPTIONS[0], 0) is None


def test_the_count_ends_at_the_total_with_several_takes(cache):
    job = Job(Counting(hopeless=CAPTIONS[:2]), CAPTIONS, cache, num_rewrites=2)
    tally = job.run(lambda tally: None)
    assert (tally.done, tally.total) == (20, 20)
    assert [failure.take for failure in job.failures] == [0, 0]
    assert all(len(set(texts)) == 2 for texts in job.texts.values())


def test_what_a_killed_run_kept_is_used(cache):
    class EndedError(Exception):
        pass

    def stop(tally: Tally) -> None:
        if tally.done == 4:
            raise EndedError

    with pytest.raises(EndedError):
        Job(Counting(), CAPTIONS, cache).run(stop)
    rewriter = Counting()
    Job(rewriter, CAPTIONS, cache).run(lambda tally: None)
    assert [request.caption for request in rewriter.asked] == CAPTIONS[:6][::-1]


def test_estimates_before_and_after_something_was_timed(cache):
    estimate = Job(Counting(), CAPTIONS, cache, num_rewrites=2).estimate()
    assert (estimate.num_wanted, estimate.num_kept, estimate.num_missing) == (20, 0, 20)
    assert (estimate.tokens_in, estimate.tokens_out) == (2000, 200)
    assert (estimate.seconds, estimate.is_measured) == (30.0, False)
    Job(Counting(), CAPTIONS[:4], cache).run(lambda tally: None)
    estimate = Job(Counting(), CAPTIONS, cache).estimate()
    assert (estimate.num_kept, estimate.num_missing) == (4, 6)
    assert (estimate.seconds, estimate.is_measured) == (1.5, True)


def test_a_limit_counts_what_is_asked(cache):
    Job(Counting(), CAPTIONS[:4], cache).run(lambda tally: None)
    rewriter = Counting()
    job = Job(rewriter, CAPTIONS, cache)
    job.only(3)
    job.run(lambda tally: None)
    assert len(rewriter.asked) == 3
    assert list(job.texts) == CAPTIONS[:7]
