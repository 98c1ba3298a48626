"""How a part is trained: optimizer, schedule, length."""

from typing import Literal

from pydantic import Field, model_validator

from audiomotion.config.schema import Schema


class TrainingConfig(Schema):
    """Optimizer and schedule. Defaults are the published code's and the paper's section 5."""

    batch_size: int = Field(default=64, ge=1)
    """Examples a step."""

    epochs: int | None = Field(default=None, ge=1)
    """Passes over the training clips; either this or max_steps."""

    max_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps; either this or epochs."""

    learning_rate: float = Field(default=2e-4, gt=0)
    """After warm-up (paper 5)."""

    warmup_steps: int = Field(default=2000, ge=0)
    """Steps of linear warm-up (paper 5)."""

    lr_milestones: tuple[int, ...] = Field(default=(50_000,), strict=False)
    """Steps at which the learning rate is multiplied by lr_gamma."""

    lr_gamma: float = Field(default=0.1, gt=0, le=1)
    """Factor at each milestone."""

    betas: tuple[float, float] = Field(default=(0.9, 0.99), strict=False)
    """AdamW's betas."""

    weight_decay: float = Field(default=1e-5, ge=0)
    """AdamW's weight decay."""

    gradient_clip: float | None = Field(default=None, gt=0)
    """Largest gradient norm; none where not given."""

    log_every: int = Field(default=10, ge=1)
    """Steps between points of the curves."""

    @model_validator(mode="after")
    def _one_length(self) -> "TrainingConfig":
        if (self.epochs is None) == (self.max_steps is None):
            raise ValueError("give either epochs or max_steps")
        return self

    def num_steps(self, num_examples: int) -> int:
        """Return the optimizer steps over `num_examples` training examples."""
        if self.max_steps is not None:
            return self.max_steps
        assert self.epochs is not None
        return self.epochs * max(1, num_examples // self.batch_size)


class ValidatedTraining(TrainingConfig):
    """A training whose progress can be measured on the validation split."""

    keep: Literal["last", "best-fid"] = "last"
    """Checkpoint that is kept: the last, or that of the lowest FID on the validation split."""

    num_validations: int = Field(default=50, ge=1)
    """Times the validation FID is measured, evenly spread; only with `keep: best-fid`."""

    def validates_after(self, done: int, num_steps: int) -> bool:
        """Return whether to measure after `done` of `num_steps` steps; always after the last."""
        if self.keep == "last":
            return False
        wanted = self.num_validations
        return done * wanted // num_steps > (done - 1) * wanted // num_steps
