"""Adaptive pooling over the valid frames alone."""

import torch
from torch import Tensor


def segment_means(frames: Tensor, valid_mask: Tensor, num_segments: int) -> Tensor:
    """Return the means `(B, k, D)` of k equal segments of each clip's valid `frames` `(B, L, D)`.

    Segment i begins at frame floor(i · L / k) of the L valid ones and ends where the next begins,
    so that segments differ by a frame at most and share none. A clip shorter than k frames repeats
    frames: a segment has at least its first. Padding must be finite.
    """
    lengths = valid_mask.sum(dim=1)[:, None]
    bounds = torch.arange(num_segments + 1, device=frames.device) * lengths // num_segments
    starts = bounds[:, :-1, None]
    ends = torch.maximum(bounds[:, 1:, None], starts + 1)
    place = (valid_mask.cumsum(dim=1) - 1)[:, None]
    members = valid_mask[:, None] & (place >= starts) & (place < ends)
    return (members / (ends - starts)).to(frames.dtype) @ frames
