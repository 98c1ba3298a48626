"""Stage `reference`: real motion and its RVQ reconstruction, measured alike: the ceiling."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from audiomotion.data.ragged import Ragged
from audiomotion.evaluate.protocol import RealMotion, TestItem
from audiomotion.files import write_json
from audiomotion.models.tokenizer import MotionTokenizer
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import ReferenceStage
from audiomotion.stages.loading import load_tokenizer
from audiomotion.stages.measuring import Judged
from audiomotion.stages.results import RESULT


class Reconstruction:
    """Decodes the tokens of the real motion: no generator can be better than this RVQ."""

    def __init__(self, tokenizer: MotionTokenizer, tokens: Ragged) -> None:
        self.tokenizer = tokenizer
        self.tokens = tokens

    def generate(self, items: Sequence[TestItem], seed: int) -> list[NDArray[np.float32]]:
        """Return reconstructed motions `(N_i, P)`, not normalised; nothing is drawn."""
        del seed
        return [self._crop(item) for item in items]

    def _crop(self, item: TestItem) -> NDArray[np.float32]:
        motion = self._decode(item.features_index)
        # Up to three frames at a clip's end have no token: a crop that ends there moves forward.
        first = min(item.first_frame, max(0, len(motion) - item.num_frames))
        return motion[first : first + item.num_frames]

    def _decode(self, clip: int) -> NDArray[np.float32]:
        tokens = torch.from_numpy(np.asarray(self.tokens[clip], np.int64))
        return self.tokenizer.decode(tokens[None])[0]


def evaluate_reference(stage: ReferenceStage, context: StageContext) -> None:
    """Write the metrics of `real` and `reconstruction`; MultiModality has no meaning for either."""
    config = stage.config.evaluation.model_copy(update={"multimodality_captions": 0})
    judged = Judged(context, stage.inputs["evaluator"], config, stage.config.variant)
    tokenizer = load_tokenizer(stage.inputs["rvq"], context.inputs["rvq"], judged.dataset.skeleton)
    tokens = Ragged.open(context.inputs["rvq"], "tokens")
    reconstruction = Reconstruction(tokenizer.to(context.device), tokens)
    results = {
        "real": judged.measure(RealMotion(judged.real), "real-"),
        "reconstruction": judged.measure(reconstruction, "reconstruction-"),
    }
    content = {name: result.to_json() for name, result in results.items()}
    write_json(context.output / RESULT, content)
