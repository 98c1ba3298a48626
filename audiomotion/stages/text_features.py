"""Stage `text_features`: the words of the instructions to the frozen text encoder's features."""

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.extract.text import build_text_encoder
from audiomotion.stages.base import StageContext
from audiomotion.stages.feature_shards import write_features
from audiomotion.stages.graph import TextFeaturesStage


def encode_texts(stage: TextFeaturesStage, context: StageContext) -> None:
    """Write the features of every instruction's text, row i for instruction i."""
    config = stage.config.encoder
    instructions = Instructions(MotionDataset(context.inputs["dataset"]), stage.config.variant)
    encoder = build_text_encoder(config, context.device)
    record = {
        "weights": config.weights_label,
        "frame_hz": 0.0,
        "feature_dim": encoder.feature_dim,
        "num_layers": 1,
    }
    texts = [instruction.text for instruction in instructions.all]
    write_features(texts, encoder.encode, context, config.name, record)
