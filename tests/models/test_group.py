import numpy as np
import pytest
import torch

from audiomotion.errors import ConfigError
from audiomotion.models.group import ALONE, WorkerGroup


def worker(rank: int, size: int) -> WorkerGroup:
    group = WorkerGroup()
    group.rank, group.size = rank, size
    return group


def test_the_shares_of_all_workers_are_the_batch() -> None:
    whole = torch.arange(24).view(12, 2)
    shares = [worker(rank, 4).own(whole) for rank in range(4)]
    assert {len(share) for share in shares} == {3}
    assert torch.cat(shares).equal(whole)
    assert ALONE.own(whole).equal(whole)
    assert worker(1, 2).own([1, 2, 3, 4]) == [3, 4]
    assert worker(1, 2).own(np.arange(4)).tolist() == [2, 3]


def test_a_batch_that_cannot_be_shared_equally_is_refused() -> None:
    with pytest.raises(ConfigError, match="a batch of 12 cannot be shared equally by 5 workers"):
        worker(0, 5).own(torch.zeros(12))


def test_parts_of_a_mean_add_up_to_it() -> None:
    errors = torch.rand(12)
    parts = [
        group.part(group.own(errors).mean(), {"half": group.own(errors).mean() / 2})
        for group in (worker(rank, 3) for rank in range(3))
    ]
    torch.testing.assert_close(sum(mean for mean, _ in parts), errors.mean())
    torch.testing.assert_close(sum(terms["half"] for _, terms in parts), errors.mean() / 2)
    mean, terms = ALONE.part(errors.mean(), {"largest": errors.max()})
    assert mean.equal(errors.mean())
    assert terms["largest"].equal(errors.max())


def test_what_is_drawn_for_the_whole_batch_does_not_depend_on_who_draws() -> None:
    torch.manual_seed(4)
    expected = torch.rand(12, 3)
    for rank in range(3):
        torch.manual_seed(4)
        group = worker(rank, 3)
        assert group.rand(4, 3, device=torch.device("cpu")).equal(group.own(expected))


def test_one_number_is_added_once() -> None:
    assert [worker(rank, 3).once(0.9) for rank in range(3)] == [0.9, 0.0, 0.0]


def test_alone_is_a_group_of_one() -> None:
    rows = torch.rand(5, 2)
    assert ALONE.first_rows(rows, 3).equal(rows[:3])
    assert ALONE.first_rows(rows, 9).equal(rows)
    assert all(one.equal(other) for one, other in zip(ALONE.totals(rows), rows, strict=True))
    assert ALONE.from_first(lambda: 7) == 7
