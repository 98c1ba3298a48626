import pytest
import torch

from audiomotion.models.compressors.segments import segment_means


def means(length, num_segments, padding=0):
    frames = torch.arange(1.0, length + padding + 1)[None, :, None]
    valid = torch.arange(length + padding)[None] < length
    return segment_means(frames, valid, num_segments).flatten().tolist()


@pytest.mark.parametrize(
    ("length", "num_segments", "expected"),
    [
        (6, 3, [1.5, 3.5, 5.5]),
        (6, 1, [3.5]),
        (7, 3, [1.5, 3.5, 6.0]),  # the frame too many is in the last
        (3, 3, [1, 2, 3]),
        (2, 4, [1, 1, 2, 2]),  # frames are repeated
        (3, 4, [1, 1, 2, 3]),
        (1, 3, [1, 1, 1]),
    ],
)
def test_known_answers(length, num_segments, expected):
    assert means(length, num_segments) == pytest.approx(expected)
    assert means(length, num_segments, padding=9) == pytest.approx(expected)


@pytest.mark.parametrize("length", [8, 13, 100])
def test_each_frame_is_in_one_segment_and_segments_differ_by_a_frame_at_most(length):
    weights = segment_means(torch.eye(length)[None], torch.ones(1, length).bool(), 8)[0]
    assert ((weights > 0).sum(dim=0) == 1).all()
    counts = (weights > 0).sum(dim=1)
    assert counts.max() - counts.min() <= 1
    assert weights.sum(dim=1).tolist() == pytest.approx([1.0] * 8)


def test_what_is_valid_need_not_stand_in_front():
    frames = torch.tensor([9.0, 1.0, 9.0, 2.0, 3.0, 4.0])[None, :, None]
    valid = torch.tensor([[False, True, False, True, True, True]])
    assert segment_means(frames, valid, 2).flatten().tolist() == [1.5, 3.5]
