from dataclasses import replace

import numpy as np
import torch

from audiomotion.config.experiment import RvqConfig
from audiomotion.data.statistics import Statistics
from audiomotion.evaluate.protocol import TestItem
from audiomotion.models.rvq import RvqVae
from audiomotion.models.tokenizer import MotionTokenizer
from audiomotion.stages.reference import Reconstruction

SMALL = RvqConfig(num_quantizers=2, codebook_size=8, code_dim=6, width=8, num_residual_blocks=1)


def test_a_crop_of_a_reconstruction_is_cut_from_that_of_the_whole_clip():
    torch.manual_seed(0)
    model = RvqVae(SMALL, 35, 4).eval()
    for codebook in model.quantizer.codebooks:
        codebook.codebook.normal_()
    stats = Statistics(np.ones(35, np.float32), np.ones(35, np.float32))
    tokens = [np.zeros((3, 2), np.int16), np.arange(10, dtype=np.int16).reshape(5, 2) % 8]
    reconstruction = Reconstruction(MotionTokenizer(model, stats), tokens)
    item = TestItem("clip", 1, 22, 0, 0, (), "")
    crop = replace(item, first_frame=3, num_frames=12)
    late = replace(item, first_frame=2, num_frames=20)
    whole, cut, all_tokens = reconstruction.generate([item, crop, late], 0)
    assert whole.shape == (20, 35)
    np.testing.assert_array_equal(all_tokens, whole)
    np.testing.assert_array_equal(cut, whole[3:15])
