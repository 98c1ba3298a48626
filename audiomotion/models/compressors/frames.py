"""What a compressor does with frames before anything of its own."""

from torch import Tensor, nn


def without_padding(x: Tensor, valid_mask: Tensor) -> Tensor:
    """Return `x` `(B, L, D)` with zeros where `valid_mask` `(B, L)` is False, NaN or not."""
    return x.masked_fill(~valid_mask[..., None], 0.0)


class FrameNorm(nn.LayerNorm):
    """Normalise each frame: extractors differ in scale, and half precision reaches to 65504.

    Every compressor begins with it, so that arms differ in how they compress and in nothing else.
    """

    def forward(self, features: Tensor, valid_mask: Tensor) -> Tensor:  # type: ignore[override]
        """Map `features` `(B, L, F)` to the same shape; padding becomes finite, whatever it is."""
        return super().forward(without_padding(features, valid_mask))
