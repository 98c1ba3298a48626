"""Masked transformer: predicts the base tokens that are hidden from those that are not."""

from torch import Tensor, nn

from audiomotion.config.experiment import MaskedConfig
from audiomotion.models.condition import Condition
from audiomotion.models.masking import MaskingDraws, corrupt, masked_positions
from audiomotion.models.transformer import ConditionedTransformer, initialise, token_loss


class MaskedTransformer(ConditionedTransformer):
    """Distribution of base tokens given the condition and the tokens known so far.

    Source: Sec. 3.3; the published code's layers and names.
    """

    def __init__(self, config: MaskedConfig, codebook_size: int, condition_dim: int) -> None:
        super().__init__(config, condition_dim, codebook_size)
        self.codebook_size = codebook_size
        self.min_mask_ratio = config.min_mask_ratio
        self.token_emb = nn.Embedding(codebook_size + 2, config.token_dim)
        initialise(self)

    @property
    def mask_id(self) -> int:
        """The token that stands for an unknown one."""
        return self.codebook_size

    @property
    def pad_id(self) -> int:
        """The token that stands at padding."""
        return self.codebook_size + 1

    def forward(self, tokens: Tensor, condition: Condition, valid_mask: Tensor) -> Tensor:
        """Return logits `(B, n, K)` for `tokens` `(B, n)` in 0..K-1 or `mask_id`.

        What stands where `valid_mask` `(B, n)` is False does not matter, and neither do the logits
        there.
        """
        embeddings = self.token_emb(tokens.masked_fill(~valid_mask, self.pad_id))
        return self.contextualise(embeddings, condition, valid_mask)

    def training_loss(
        self, tokens: Tensor, condition: Condition, valid_mask: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch of base `tokens` `(B, n)`, and the accuracy to plot.

        Source: Eq. (4), Sec. 3.3. Deviation: the mean over masked positions instead of the sum, and
        masked positions that show another token are predicted too, both as published.
        """
        generator = self.group.generator(tokens.device)
        draws = MaskingDraws.sample(tokens, self.codebook_size, generator)
        return self.loss_of(draws, tokens, self._training_condition(condition), valid_mask)

    def loss_of(
        self, draws: MaskingDraws, tokens: Tensor, condition: Condition, valid_mask: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and accuracy under given random draws."""
        masked = masked_positions(draws, valid_mask, self.min_mask_ratio)
        seen = corrupt(tokens, masked, draws, self.mask_id)
        logits = self(self.group.own(seen), condition, self.group.own(valid_mask))
        return token_loss(logits, tokens, masked, self.group)
