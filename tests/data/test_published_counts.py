import pytest

from audiomotion.data.published_counts import (
    PUBLISHED,
    Counts,
    Tally,
    compare,
    is_mirrored,
    unmirrored,
)


def test_the_papers_figures() -> None:
    """Source: Sec. 4 of the paper."""
    assert PUBLISHED["kit"].counts == Counts(3_911, 6_278, 12_696)
    assert PUBLISHED["humanml3d"].counts == Counts(14_616, 44_970, 87_384)
    assert sum(PUBLISHED["humanml3d"].listed.values()) == 29_228


@pytest.mark.parametrize(
    ("name", "source"),
    [("M000001", "000001"), ("000001", "000001"), ("Mary", "Mary"), ("M", "M"), ("M1b", "M1b")],
)
def test_a_mirrored_clip_is_m_and_a_number(name: str, source: str) -> None:
    assert unmirrored(name) == source
    assert is_mirrored(name) == (name != source)


@pytest.fixture
def tally() -> Tally:
    tally = Tally()
    tally.add("00001", "train", Counts(1, 3, 3))
    tally.add("M00001", "train", Counts(1, 3, 2))
    tally.add("00002", "test", Counts(1, 1, 0))
    return tally


def test_mirrored_clips_are_counted_apart(tally: Tally) -> None:
    assert tally.total(mirrored=True) == Counts(3, 7, 5)
    assert tally.total(mirrored=False) == Counts(2, 4, 3)
    assert tally.total(mirrored=True, split="train") == Counts(2, 6, 5)
    assert tally.record()["train"] == {
        **{"clips": 2, "captions": 6, "oral": 5},
        "without_mirrored": {"clips": 1, "captions": 3, "oral": 3},
    }
    assert tally.record()["val"]["clips"] == 0


def test_the_published_count_stands_beside_the_one_it_compares_with(tally: Tally) -> None:
    rows = {row.what: row for row in compare("kit", tally, tally)}
    published = {what: row.published for what, row in rows.items() if row.published is not None}
    assert published == {
        "clips, mirrored ones apart": 3_911,
        "captions, mirrored ones apart": 6_278,
        "oral pairs, mirrored ones included": 12_696,
    }
    assert rows["clips, mirrored ones apart"].sentence() == (
        "clips, mirrored ones apart: 2 in the files, 2 kept; 3,911 published (-99.9 %)"
    )
    assert rows["clips, mirrored ones included"].sentence() == (
        "clips, mirrored ones included: 3 in the files, 3 kept"
    )
    assert all(row.published is None for row in compare("mine", tally))
