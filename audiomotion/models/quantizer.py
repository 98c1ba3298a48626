"""Residual vector quantization with codebooks that follow the data.

Not built on vector-quantize-pytorch: the published system differs from it in what the golden
vectors pin down (codes sampled at a temperature, dead codes replaced by the first rows of a batch,
one straight-through path a layer), and its state does not load published codebooks.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from audiomotion.config.experiment import RvqConfig
from audiomotion.models.group import ALONE, WorkerGroup

_TILE_NOISE = 0.01
"""Spread of the copies made where a batch has fewer rows than there are codes (published)."""

_KMEANS_ITERATIONS = 10


class EmaCodebook(nn.Module):
    """One codebook, each code the moving average of the rows assigned to it.

    Everything that decides its future is a buffer, so that a resumed training continues exactly.
    Deviation: the published code saves the codes alone and starts over from the first batch.
    """

    group: WorkerGroup = ALONE
    """Who trains it: the codes of all workers follow the rows of the whole batch."""

    codebook: Tensor
    code_sum: Tensor
    code_count: Tensor
    initialised: Tensor

    def __init__(self, num_codes: int, code_dim: int, decay: float, *, init: str = "data") -> None:
        super().__init__()
        self.decay = decay
        self.init = init
        self.register_buffer("codebook", torch.zeros(num_codes, code_dim))
        self.register_buffer("code_sum", torch.zeros(num_codes, code_dim))
        self.register_buffer("code_count", torch.ones(num_codes))
        self.register_buffer("initialised", torch.tensor(False))

    def distances(self, rows: Tensor) -> Tensor:
        """Return squared distances `(R, K)` of `rows` `(R, D)`, less each row's own square."""
        return torch.addmm(self.codebook.square().sum(dim=1), rows, self.codebook.t(), alpha=-2.0)

    def nearest(self, rows: Tensor) -> Tensor:
        """Return the index `(R,)` of the nearest code of each row."""
        return self.distances(rows).argmin(dim=1)

    def draw(self, rows: Tensor, temperature: float) -> Tensor:
        """Draw codes `(R,)` by softmax(-distance / temperature); 0 takes the nearest."""
        if temperature == 0:
            return self.nearest(rows)
        distances = self.distances(rows)
        # -log(-log u) is Gumbel noise: the smallest sum of distance and log(-log u) is the draw.
        noise = self.group.rand(*distances.shape, device=distances.device).log_().neg_().log_()
        return distances.div_(temperature).add_(noise).argmin(dim=1)

    def follow(self, rows: Tensor, indices: Tensor) -> None:
        """Move the codes towards `rows` `(R, D)`, assigned to codes `indices` `(R,)`.

        A code whose count has fallen below 1 becomes one of the first rows, every step until it is
        used again.
        """
        kept = self.group.once(self.decay)
        self.code_sum.mul_(kept).index_add_(0, indices, rows, alpha=1 - self.decay)
        self.code_count.mul_(kept).add_(self.counts(indices), alpha=1 - self.decay)
        self.group.add_up_(self.code_sum)
        self.group.add_up_(self.code_count)
        count = self.code_count[:, None]
        self.codebook.copy_(torch.where(count >= 1, self.code_sum / count, self._first_rows(rows)))

    def start_from(self, rows: Tensor) -> None:
        """Make the codes the first rows of `rows` `(R, D)`, or with `kmeans` their clusters."""
        if self.init == "kmeans":
            self._cluster(self.group.first_rows(rows, len(rows) * self.group.size))
        else:
            self.codebook.copy_(self._first_rows(rows))
        self.restart_averages()

    def restart_averages(self) -> None:
        """Let every code count as one row that lies where it is."""
        self.code_sum.copy_(self.codebook)
        self.code_count.fill_(1)
        self.initialised.fill_(True)

    def counts(self, indices: Tensor) -> Tensor:
        """Count how often each code occurs in `indices`: `(K,)` float."""
        return torch.bincount(indices, minlength=len(self.codebook)).to(self.codebook.dtype)

    def _cluster(self, rows: Tensor) -> None:
        """Move the codes to the means of the rows nearest to them, from a random start (Lloyd).

        A code that no row is nearest to stays: with fewer rows than codes, where it started.
        """
        order = torch.randperm(len(rows), device=rows.device, generator=self._generator)
        self.codebook.copy_(self._filled(rows[order]))
        for _ in range(_KMEANS_ITERATIONS):
            nearest = self.nearest(rows)
            sums = torch.zeros_like(self.codebook).index_add_(0, nearest, rows)
            count = self.counts(nearest)[:, None]
            self.codebook.copy_(torch.where(count > 0, sums / count, self.codebook))

    def _first_rows(self, rows: Tensor) -> Tensor:
        """Return a row of the whole batch for each code; `rows` are those of the own share."""
        return self._filled(self.group.first_rows(rows, len(self.codebook)))

    def _filled(self, rows: Tensor) -> Tensor:
        """Return the first of `rows`, one a code; where there are too few, with near copies."""
        num_codes, code_dim = self.codebook.shape
        if len(rows) < num_codes:
            rows = rows.repeat(-(-num_codes // len(rows)), 1)
            noise = torch.randn(rows.shape, device=rows.device, generator=self._generator)
            rows = rows + noise * (_TILE_NOISE / code_dim**0.5)
        return rows[:num_codes]

    @property
    def _generator(self) -> torch.Generator | None:
        return self.group.generator(self.codebook.device)


@dataclass(frozen=True, eq=False)
class Quantized:
    """What the residual quantizer makes of latents."""

    latents: Tensor
    """`(B, n, D)`: the sum of the codes; gradients go straight through."""

    tokens: Tensor
    """`(B, n, Q)` int64; -1 at dropped layers and at padding."""

    commitment: Tensor
    """Mean squared distance of residual and code: one number for each layer not dropped."""

    perplexity: Tensor
    """Codes in effective use, the mean over those layers."""


class ResidualQuantizer(nn.Module):
    """Layers of codebooks, each quantizing what the layers before left over.

    Source: Eq. (2), Sec. 3.3.
    """

    group: WorkerGroup = ALONE

    def __init__(self, config: RvqConfig) -> None:
        super().__init__()
        self.temperature = config.sampling_temperature
        self.dropout = config.quantizer_dropout
        self.layers = nn.ModuleList(
            EmaCodebook(
                config.codebook_size, config.code_dim, config.ema_decay, init=config.codebook_init
            )
            for _ in range(config.num_quantizers)
        )

    @property
    def codebooks(self) -> list[EmaCodebook]:
        """The codebooks, coarsest first."""
        return [cast(EmaCodebook, layer) for layer in self.layers]

    def join(self, group: WorkerGroup) -> None:
        """Be trained by a group, each worker with as many rows as the others."""
        self.group = group
        for codebook in self.codebooks:
            codebook.group = group

    def forward(
        self, latents: Tensor, valid_mask: Tensor | None = None, num_layers: int | None = None
    ) -> Quantized:
        """Quantize `latents` `(B, n, D)`; in training mode, codes are sampled and follow the data.

        `num_layers` keeps so many of the coarsest layers; where not given, training drops finer
        ones at random.
        """
        everything = latents.new_ones(latents.shape[:2], dtype=torch.bool)
        valid = everything if valid_mask is None else valid_mask
        rows = latents[valid]
        kept = self._num_kept_layers() if num_layers is None else num_layers
        residual, total, steps = rows, torch.zeros_like(rows), []
        for codebook in self.codebooks[:kept]:
            step = _quantize(codebook, residual, self.training, self.temperature)
            # Each layer passes its own straight-through gradient: `kept` times the identity in all.
            total = total + residual + (step.codes - residual).detach()
            residual = residual - step.codes
            steps.append(step)
        tokens = torch.full((*valid.shape, len(self.layers)), -1, device=latents.device)
        tokens[..., :kept][valid] = torch.stack([step.indices for step in steps], dim=-1)
        return Quantized(
            latents=torch.zeros_like(latents).masked_scatter(valid[..., None], total),
            tokens=tokens,
            commitment=torch.stack([step.commitment for step in steps]),
            perplexity=torch.stack([step.perplexity for step in steps]).mean(),
        )

    def encode(self, latents: Tensor) -> Tensor:
        """Return the nearest codes `(B, n, Q)` of `latents` `(B, n, D)`, layer after layer."""
        residual, tokens = latents.flatten(0, 1), []
        for codebook in self.codebooks:
            tokens.append(codebook.nearest(residual))
            residual = residual - codebook.codebook[tokens[-1]]
        return torch.stack(tokens, dim=-1).view(*latents.shape[:2], len(tokens))

    def decode(self, tokens: Tensor) -> Tensor:
        """Sum the codes of `tokens` `(B, n, at most Q)` to `(B, n, D)`; -1 adds nothing."""
        codebook = self.codebooks[0].codebook
        total = codebook.new_zeros(*tokens.shape[:2], codebook.shape[1])
        for layer, indices in zip(self.codebooks, tokens.unbind(dim=-1), strict=False):
            codes = functional.embedding(indices.clamp(min=0), layer.codebook)
            total += codes * (indices >= 0)[..., None]
        return total

    def _num_kept_layers(self) -> int:
        """Draw how many layers a training batch uses; a drop keeps 1 to Q of them, as published."""
        num_layers = len(self.layers)
        generator = self.group.generator("cpu")
        if not self.training or float(torch.rand((), generator=generator)) >= self.dropout:
            return num_layers
        return int(torch.randint(1, num_layers + 1, (), generator=generator))


@dataclass(frozen=True, eq=False)
class _Step:
    codes: Tensor
    indices: Tensor
    commitment: Tensor
    perplexity: Tensor


def _quantize(codebook: EmaCodebook, rows: Tensor, training: bool, temperature: float) -> _Step:
    fixed = rows.detach()
    if training and not codebook.initialised:
        codebook.start_from(fixed)
    indices = codebook.draw(fixed, temperature) if training else codebook.nearest(fixed)
    codes = functional.embedding(indices, codebook.codebook)
    if training:
        codebook.follow(fixed, indices)
    counts, num_rows = codebook.counts(indices), len(indices)
    if training:
        codebook.group.add_up_(counts)
        num_rows *= codebook.group.size
    share = counts / num_rows
    return _Step(
        codes=codes,
        indices=indices,
        commitment=functional.mse_loss(rows, codes),
        perplexity=torch.exp(-(share * torch.log(share + 1e-7)).sum()),
    )
