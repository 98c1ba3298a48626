"""Fewer frames: a strided convolution that can be told where a clip ends."""

from torch import Tensor, nn

from audiomotion.models.compressors.frames import without_padding


class Downsampling(nn.Module):
    """One output for every `stride` frames, each from a window of `kernel_size` frames (odd).

    Without a `kernel_size` the window has 2 · stride + 1 frames. Padding is taken as zeros, which
    is what the convolution itself pads with, so that appended silence changes nothing.

    Source: Sec. 3.2, "a CNN can be applied for downsampling".
    """

    def __init__(
        self, feature_dim: int, output_dim: int, stride: int, kernel_size: int | None = None
    ) -> None:
        super().__init__()
        self.stride = stride
        width = kernel_size or 2 * stride + 1
        self.convolution = nn.Conv1d(
            feature_dim, output_dim, kernel_size=width, stride=stride, padding=width // 2
        )
        self.activation = nn.GELU()
        self.norm = nn.LayerNorm(output_dim)

    def forward(self, features: Tensor, valid_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Shorten `features` `(B, L, F)` and `valid_mask` `(B, L)` to `(B, L', D)` and `(B, L')`.

        L' = ceil(L / stride); an output is valid where the frame at its centre is.
        """
        outputs = self.convolution(without_padding(features, valid_mask).transpose(1, 2))
        centres = valid_mask[:, :: self.stride]
        shortened: Tensor = self.norm(
            self.activation(outputs.transpose(1, 2)[:, : centres.shape[1]])
        )
        return shortened, centres
