"""Residual transformer: predicts the tokens of one finer layer from all coarser ones."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from audiomotion.config.experiment import ResidualConfig
from audiomotion.errors import ModelError
from audiomotion.models.condition import Condition
from audiomotion.models.masking import cosine_schedule
from audiomotion.models.transformer import ConditionedTransformer, initialise, token_loss


def draw_layer(uniform: Tensor, num_quantizers: int) -> Tensor:
    """Return layers 1..Q-1 for `uniform` numbers in [0, 1): the coarser the more often.

    Of six quantizers, the five shares are 0.32, 0.25, 0.19, 0.16 and 0.08, as published.
    """
    share = 1 - cosine_schedule(uniform)
    return (share * (num_quantizers - 2)).round().long() + 1


class ResidualTransformer(ConditionedTransformer):
    """Distribution of the tokens of layer q given the condition and layers 0..q-1.

    There is one class more than codes: PAD, which the published loss ignores but sampling can meet.
    Source: Sec. 3.3; the published code's layers and names.
    """

    def __init__(
        self, config: ResidualConfig, codebook_size: int, num_quantizers: int, condition_dim: int
    ) -> None:
        if num_quantizers < 2:
            raise ModelError(
                f"a residual transformer needs at least 2 quantizers, not {num_quantizers}"
            )
        super().__init__(config, condition_dim, config.token_dim)
        self.codebook_size = codebook_size
        self.num_quantizers = num_quantizers
        self.share_weights = config.share_weights
        self.quant_emb = nn.Linear(num_quantizers, config.latent_dim)
        self._add_tables(config.token_dim)
        initialise(self)

    def _add_tables(self, token_dim: int) -> None:
        """Add an embedding for each layer but the last, a classifier for each but the first."""

        def table(num_layers: int) -> nn.Parameter:
            shape = (num_layers, self.codebook_size + 1, token_dim)
            return nn.Parameter(torch.normal(0.0, 0.02, shape))

        num_tables = self.num_quantizers - 1
        if self.share_weights:
            self.embed_proj_shared_weight = table(num_tables - 1)
            self.token_embed_weight_ = table(1)
            self.output_proj_weight_ = table(1)
        else:
            self.token_embed_weight = table(num_tables)
            self.output_proj_weight = table(num_tables)
            # One row more than there are layers to predict: the last is never used, as published.
            bias = torch.zeros(self.num_quantizers, self.codebook_size + 1)
            self.output_proj_bias = nn.Parameter(bias)

    @property
    def pad_id(self) -> int:
        """The token that stands at padding, and where a layer has no code."""
        return self.codebook_size

    def embedding_tables(self) -> Tensor:
        """Return the embeddings `(Q - 1, K + 1, token_dim)` of layers 0..Q-2."""
        if self.share_weights:
            return torch.cat([self.token_embed_weight_, self.embed_proj_shared_weight])
        return self.token_embed_weight

    def output_tables(self) -> Tensor:
        """Return the classifiers `(Q - 1, K + 1, token_dim)` of layers 1..Q-1.

        Without shared weights the published code adds the product twice, `2 W h + b`: kept, since
        published weights are trained with it.
        """
        if self.share_weights:
            return torch.cat([self.embed_proj_shared_weight, self.output_proj_weight_])
        return 2 * self.output_proj_weight

    def forward(
        self, tokens: Tensor, layer: int | Tensor, condition: Condition, valid_mask: Tensor
    ) -> Tensor:
        """Return logits `(B, n, K + 1)` of layer `layer` in 1..Q-1, one for all or `(B,)`.

        Of `tokens` `(B, n, Q)` only the coarser layers are read; -1 is no code.
        """
        if isinstance(layer, int):
            history = self.history_of_all(tokens, layer, valid_mask)
        else:
            history = self.history(tokens, layer, valid_mask)
        return self.predict(history, layer, condition, valid_mask)

    def history_of_all(self, tokens: Tensor, layer: int, valid_mask: Tensor) -> Tensor:
        """Return `history` where `layer` is that of all clips: the same sums in the same order.

        Of the tables only those below are read, from where they are: joining all of them, 5 MB at
        the paper's sizes, took 4 % of the time that one clip's generation takes.
        """
        missing = ~valid_mask[..., None] | (tokens[..., :layer] < 0)
        rows = tokens[..., :layer].masked_fill(missing, self.pad_id)
        first, *others = (
            functional.embedding(rows[..., below], self._embedding_table(below))
            for below in range(layer)
        )
        return sum(others, first)

    def _embedding_table(self, layer: int) -> Tensor:
        """Return the embeddings of one layer of 0..Q-2."""
        if not self.share_weights:
            return self.token_embed_weight[layer]
        return self.embed_proj_shared_weight[layer - 1] if layer else self.token_embed_weight_[0]

    def _output_table(self, layer: int) -> Tensor:
        """Return the classifier of one layer of 1..Q-1."""
        if not self.share_weights:
            return 2 * self.output_proj_weight[layer - 1]
        is_last = layer == self.num_quantizers - 1
        return self.output_proj_weight_[0] if is_last else self.embed_proj_shared_weight[layer - 1]

    def history(self, tokens: Tensor, layers: Tensor, valid_mask: Tensor) -> Tensor:
        """Sum the embeddings of the layers below `layers` `(B,)` to `(B, n, token_dim)`."""
        num_tables, num_classes = self.num_quantizers - 1, self.codebook_size + 1
        coarser = tokens[..., :num_tables]
        missing = ~valid_mask[..., None] | (coarser < 0)
        table_starts = torch.arange(num_tables, device=tokens.device)
        rows = coarser.masked_fill(missing, self.pad_id) + table_starts * num_classes
        is_below = (table_starts < layers[:, None])[:, None].expand_as(rows)
        tables = self.embedding_tables().flatten(0, 1)
        sums = functional.embedding_bag(
            rows.flatten(0, 1),
            tables,
            mode="sum",
            per_sample_weights=is_below.flatten(0, 1).to(tables.dtype),
        )
        return sums.view(*rows.shape[:2], -1)

    def predict(
        self, history: Tensor, layer: int | Tensor, condition: Condition, valid_mask: Tensor
    ) -> Tensor:
        """Return logits `(B, n, K + 1)` of `layer` after summed embeddings `history`."""
        layers = _of_each_clip(layer, history)
        one_hot = functional.one_hot(layers, self.num_quantizers).to(history.dtype)
        outputs = self.contextualise(history, condition, valid_mask, self.quant_emb(one_hot))
        if isinstance(layer, int):  # no clips to be found, which a GPU would be waited for
            return self._classify(outputs, self._output_table(layer), layer - 1)
        tables = self.output_tables()
        logits = outputs.new_empty(*outputs.shape[:2], self.codebook_size + 1)
        # A product a layer: gathering a table for every clip would copy a megabyte each.
        for index in range(len(tables)):
            clips = layers == index + 1
            logits[clips] = self._classify(outputs[clips], tables[index], index)
        return logits

    def _classify(self, outputs: Tensor, table: Tensor, index: int) -> Tensor:
        bias = None if self.share_weights else self.output_proj_bias[index]
        return functional.linear(outputs, table, bias)

    def training_loss(
        self, tokens: Tensor, condition: Condition, valid_mask: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch of `tokens` `(B, n, Q)`, and the accuracy to plot.

        Source: Eq. (5), Sec. 3.3. Deviation: one layer a clip, drawn at random, and the mean over
        positions, as published; the layers below start at 0 (the equation writes 1).
        """
        device = tokens.device
        uniform = torch.rand(len(tokens), device=device, generator=self.group.generator(device))
        layers = draw_layer(uniform, self.num_quantizers)
        return self.loss_of(layers, tokens, self._training_condition(condition), valid_mask)

    def loss_of(
        self, layers: Tensor, tokens: Tensor, condition: Condition, valid_mask: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and accuracy of given layers `(B,)`."""
        own = self.group.own
        logits = self(own(tokens), own(layers), condition, own(valid_mask))
        targets = tokens.take_along_dim(layers[:, None, None], dim=2).squeeze(2)
        return token_loss(logits, targets, valid_mask & (targets >= 0), self.group)


def _of_each_clip(layer: int | Tensor, batch: Tensor) -> Tensor:
    """Return the layer `(B,)` of each clip, also where one number is that of all."""
    if isinstance(layer, Tensor):
        return layer
    return torch.full((len(batch),), layer, device=batch.device)
