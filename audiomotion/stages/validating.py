"""The validation split, by which a training chooses the checkpoint it keeps."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audiomotion.config.experiment import MaskedSamplingConfig, ResidualSamplingConfig
from audiomotion.data.dataset import ClipRecord, MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.data.ragged import Ragged
from audiomotion.errors import DataError
from audiomotion.evaluate.metrics.fid import fid
from audiomotion.generate.decoding import decode_base_tokens, decode_residual_tokens
from audiomotion.models.condition import Condition
from audiomotion.models.conditioned import ConditionedMasked, ConditionedResidual
from audiomotion.models.padding import pad
from audiomotion.models.tokenizer import MotionTokenizer
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import MaskedStage, ResidualStage, RvqStage
from audiomotion.stages.loading import load_evaluator, load_tokenizer

_CLIPS_A_BATCH = 64

_FEWEST = 2
"""Clips of which an FID is defined."""

Motions = list[NDArray[np.float32]]


class Validation:
    """Real motion of the validation split, and how far other motion is from it."""

    def __init__(
        self, stage: RvqStage | MaskedStage | ResidualStage, context: StageContext
    ) -> None:
        self.context = context
        self.dataset = MotionDataset(context.inputs["dataset"])
        self.clips = [clip for clip in self.dataset.split("val") if self._is_measured(clip)]
        if len(self.clips) < _FEWEST:
            raise DataError(
                f"{stage.name}: keep: best-fid needs at least {_FEWEST} clips with instructions in "
                f"the validation split, and there are {len(self.clips)}; use keep: last"
            )
        self.evaluator = load_evaluator(
            stage.inputs["evaluator"],
            context.inputs["evaluator"],
            self.dataset.skeleton,
            context.device,
        )
        self.motions = self.dataset.motions(clip.index for clip in self.clips)
        self.real = self.evaluator.embed_motion(self.motions)

    def _is_measured(self, clip: ClipRecord) -> bool:
        """Return whether a clip of the split takes part."""
        del clip
        return True

    def fid_of(self, motions: Motions) -> float:
        """Return the FID of `motions` `(N_i, P)`, in metres and radians."""
        return fid(self.evaluator.embed_motion(motions), self.real)

    def reconstruction_fid(self, tokenizer: MotionTokenizer) -> float:
        """Return the FID of the split's motion, encoded and decoded."""
        decoded: Motions = []
        for tokens in tokenizer.encode(self.motions):
            decoded += tokenizer.decode(torch.from_numpy(tokens)[None])
        return self.fid_of(decoded)


class GenerationValidation(Validation):
    """The validation split with the first instruction of each clip, to generate from.

    As published each transformer is measured by itself: the masked one with base tokens alone, the
    residual one on the base tokens of the real motion.
    """

    def __init__(self, stage: MaskedStage | ResidualStage, context: StageContext) -> None:
        dataset = MotionDataset(context.inputs["dataset"])
        self.instructions = Instructions(dataset, stage.config.variant).of_clip
        super().__init__(stage, context)
        self.tokenizer = load_tokenizer(
            stage.inputs["rvq"], context.inputs["rvq"], self.dataset.skeleton
        ).to(context.device)
        self.tokens = Ragged.open(context.inputs["rvq"], "tokens")
        self.features = Ragged.open(context.inputs["features"], "features")

    def _is_measured(self, clip: ClipRecord) -> bool:
        return clip.index in self.instructions

    @torch.inference_mode()
    def base_fid(self, model: ConditionedMasked, sampling: MaskedSamplingConfig) -> float:
        """Return the FID of motion from generated base tokens, without finer layers."""
        motions: Motions = []
        for condition, tokens, seeds in self._batches(model):
            lengths = (tokens[..., 0] >= 0).sum(dim=1)
            base = decode_base_tokens(model.transformer, condition, lengths, sampling, seeds)
            motions += self.tokenizer.decode(base[..., None])
        return self.fid_of(motions)

    @torch.inference_mode()
    def residual_fid(self, model: ConditionedResidual, sampling: ResidualSamplingConfig) -> float:
        """Return the FID of motion from the real base tokens and generated finer ones."""
        motions: Motions = []
        for condition, tokens, seeds in self._batches(model):
            drawn = decode_residual_tokens(
                model.transformer, tokens[..., 0], condition, sampling, seeds
            )
            motions += self.tokenizer.decode(drawn)
        return self.fid_of(motions)

    def _batches(
        self, model: ConditionedMasked | ConditionedResidual
    ) -> Iterator[tuple[Condition, Tensor, Tensor]]:
        """Yield condition, tokens `(B, n, Q)` and seeds of all clips, the shortest first."""
        clips = sorted(self.clips, key=lambda clip: clip.num_frames)
        for start in range(0, len(clips), _CLIPS_A_BATCH):
            yield self._batch(model, clips[start : start + _CLIPS_A_BATCH])

    def _batch(
        self, model: ConditionedMasked | ConditionedResidual, clips: Sequence[ClipRecord]
    ) -> tuple[Condition, Tensor, Tensor]:
        device = self.context.device
        rows = [self.features[self.instructions[clip.index][0]] for clip in clips]
        features, feature_mask = (part.to(device) for part in pad(rows))
        tokens, _ = pad([self.tokens[clip.index] for clip in clips], value=-1)
        seeds = torch.tensor([derive_seed(0, "validation", clip.index) for clip in clips])
        return model.condition(features, feature_mask), tokens.to(device), seeds.to(device)
