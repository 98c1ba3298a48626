import json

import numpy as np
import pytest
import torch

from audiomotion.extract.imagebind_trunk import HUGE, AudioBranch
from tests.golden import GOLDEN, filled_state_dict, load_golden

KEYS = json.loads((GOLDEN / "keys" / "imagebind_audio.json").read_text())


@pytest.fixture(scope="module")
def branch() -> AudioBranch:
    with torch.device("meta"):
        branch = AudioBranch(HUGE)
    scale = {"modality_postprocessors.audio.1.log_logit_scale": torch.tensor(20.0).log()}
    branch.load_state_dict({**filled_state_dict("imagebind_audio"), **scale}, assign=True)
    return branch.eval()


def close(actual: torch.Tensor, golden: np.ndarray) -> bool:
    return bool(np.abs(actual.numpy() - golden).max() <= 1e-4 * np.abs(golden).max())


def test_names_and_shapes_are_the_published_ones(branch):
    shapes = {key: list(tensor.shape) for key, tensor in branch.state_dict().items()}
    assert shapes == {key: tensor["shape"] for key, tensor in KEYS["tensors"].items()}
    assert sum(p.numel() for p in branch.parameters()) == KEYS["parameter_count"]


def test_outputs_are_the_published_ones(branch):
    golden = load_golden("imagebind_audio")
    mel = torch.from_numpy(golden["mel"])
    with torch.inference_mode():
        inputs = branch.modality_preprocessors["audio"](mel)
        trunk = branch.modality_trunks["audio"](inputs)
        head = branch.modality_heads["audio"](trunk)
        unit, scale = branch.modality_postprocessors["audio"]
        normalised = unit(head)
        scaled = scale(normalised)
    assert close(inputs[..., :8], golden["input_tokens_first8"])
    assert close(trunk[..., :8], golden["trunk_out_first8"])
    assert close(trunk[:, 0], golden["trunk_out_cls"])
    assert close(head, golden["head_out"])
    assert close(normalised, golden["embedding_normalised"])
    assert close(scaled, golden["embedding_scaled"])
    assert close(scaled.mean(0, keepdim=True), golden["clip_average_of_scaled"])


def test_frames_and_embedding_are_made_of_these_outputs(branch):
    golden = load_golden("imagebind_audio")
    mel = torch.from_numpy(golden["mel"])[:1]
    with torch.inference_mode():
        frames, embedding = branch.frames(mel), branch.embedding(mel)
    assert frames.shape == (1, 19, 768)
    # Token 1 + 19 f + t is band f at time t.
    by_time = golden["trunk_out_first8"][:1, 1:].reshape(1, 12, 19, 8).mean(axis=1)
    assert close(frames[..., :8], by_time)
    assert close(embedding, golden["embedding_scaled"][:1])
