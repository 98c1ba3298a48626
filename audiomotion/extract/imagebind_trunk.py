"""The audio branch of ImageBind, under the published tensor names.

Written from the published names, shapes and behaviour; no code of the original.
"""

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

NUM_MELS: Final = 128
MEL_FRAMES: Final = 204
"""Frames of one mel image, a little over 2 s."""

_PATCH: Final = 16
_STRIDE: Final = 10
MEL_TOKENS: Final = 1 + (NUM_MELS - _PATCH) // _STRIDE
"""Rows of patches (12), low frequencies first."""

TIME_TOKENS: Final = 1 + (MEL_FRAMES - _PATCH) // _STRIDE
"""Columns of patches (19), early ones first."""

EMBEDDING_DIM: Final = 1024
_MAX_SCALE: Final = 100.0


@dataclass(frozen=True)
class TrunkSize:
    """Width and depth of the trunk."""

    width: int
    num_blocks: int
    num_heads: int


HUGE: Final = TrunkSize(width=768, num_blocks=12, num_heads=12)
"""The published size, 86 million parameters."""

TINY: Final = TrunkSize(width=64, num_blocks=2, num_heads=4)


class Stem(nn.Module):
    """Overlapping patches of the mel image, each a token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, width, kernel_size=_PATCH, stride=_STRIDE, bias=False)
        self.norm_layer = nn.LayerNorm(width)

    def forward(self, mel: Tensor) -> Tensor:
        """Return tokens `(B, 228, D)`, the lowest band's times first, of `(B, 1, 128, 204)`."""
        tokens: Tensor = self.norm_layer(self.proj(mel).flatten(2).transpose(1, 2))
        return tokens


class PositionEmbedding(nn.Module):
    """A learned vector for each place."""

    def __init__(self, width: int) -> None:
        super().__init__()
        places = 1 + MEL_TOKENS * TIME_TOKENS
        self.pos_embed = nn.Parameter(torch.empty(1, places, width).normal_(std=0.02))


class Preprocessor(nn.Module):
    """Mel image to the trunk's input: a class token in front, positions added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.empty(1, 1, width).normal_(std=0.02))
        self.rgbt_stem = Stem(width)
        self.pos_embedding_helper = PositionEmbedding(width)

    def forward(self, mel: Tensor) -> Tensor:
        """Return `(B, 229, D)` of `(B, 1, 128, 204)`."""
        tokens = self.rgbt_stem(mel)
        with_class = torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], dim=1)
        return with_class + self.pos_embedding_helper.pos_embed


class Mlp(nn.Module):
    """Two linear layers, four times the width between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return `(B, T, D)` of `(B, T, D)`."""
        widened: Tensor = self.fc2(functional.gelu(self.fc1(tokens)))
        return widened


class Block(nn.Module):
    """A pre-norm transformer block; attention has one learned key and value besides the tokens."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = nn.MultiheadAttention(width, num_heads, add_bias_kv=True, batch_first=True)
        self.norm_2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return `(B, T, D)` of `(B, T, D)`."""
        normed = self.norm_1(tokens)
        tokens = tokens + self.attn(normed, normed, normed, need_weights=False)[0]
        attended: Tensor = tokens + self.mlp(self.norm_2(tokens))
        return attended


class Trunk(nn.Module):
    """The blocks; no norm behind the last."""

    def __init__(self, size: TrunkSize) -> None:
        super().__init__()
        blocks = [Block(size.width, size.num_heads) for _ in range(size.num_blocks)]
        self.blocks = nn.ModuleList(blocks)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return `(B, T, D)` of `(B, T, D)`."""
        for block in self.blocks:
            tokens = block(tokens)
        return tokens


class ClassToken(nn.Module):
    """Selects the first token; takes the place between norm and linear in the published names."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Return `(B, D)` of `(B, T, D)`."""
        return tokens[:, 0]


class UnitLength(nn.Module):
    """Scales vectors to length 1."""

    def forward(self, vectors: Tensor) -> Tensor:
        """Return `(B, E)` of `(B, E)`."""
        return functional.normalize(vectors, dim=-1)


class LogitScale(nn.Module):
    """Multiplies by a fixed scale, 20 as published."""

    log_logit_scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("log_logit_scale", torch.tensor(math.log(20.0)))

    def forward(self, vectors: Tensor) -> Tensor:
        """Return `(B, E)` of `(B, E)`."""
        return vectors * self.log_logit_scale.exp().clamp(max=_MAX_SCALE)


def _audio(module: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict({"audio": module})


class AudioBranch(nn.Module):
    """ImageBind's audio branch: mel images to trunk tokens, and to the joint embedding."""

    def __init__(self, size: TrunkSize) -> None:
        super().__init__()
        self.size = size
        head = nn.Sequential(
            nn.LayerNorm(size.width, eps=1e-6),
            ClassToken(),
            nn.Linear(size.width, EMBEDDING_DIM, bias=False),
        )
        self.modality_preprocessors = _audio(Preprocessor(size.width))
        self.modality_trunks = _audio(Trunk(size))
        self.modality_heads = _audio(head)
        self.modality_postprocessors = _audio(nn.Sequential(UnitLength(), LogitScale()))

    def tokens(self, mel: Tensor) -> Tensor:
        """Return the last block's `(B, 229, D)`, class token first, of `(B, 1, 128, 204)`."""
        tokens = self.modality_preprocessors["audio"](mel)
        trunk_output: Tensor = self.modality_trunks["audio"](tokens)
        return trunk_output

    def frames(self, mel: Tensor) -> Tensor:
        """Return the last block's tokens in time order, `(B, 19, D)`, averaged over frequency."""
        patches = self.tokens(mel)[:, 1:]
        return patches.reshape(len(mel), MEL_TOKENS, TIME_TOKENS, -1).mean(dim=1)

    def embedding(self, mel: Tensor) -> Tensor:
        """Return the joint embedding of each image, `(B, 1024)`, of length 20."""
        head = self.modality_heads["audio"](self.tokens(mel))
        embedding: Tensor = self.modality_postprocessors["audio"](head)
        return embedding
