import unittest

import torch

from scd.model import SCD
from scd.widen import narrowed, widened

CONFIG = {
    "unet": {
        "in_channels": 6,
        "out_channels": 6,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
        "block_out_channels": [32, 64],
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "norm_eps": 1e-5,
        "cross_attention_dim": None,
        "attention_head_dim": [2, 4],
        "use_linear_projection": True,
    },
    "pose_encoder": {
        "conditioning_embedding_channels": 32,
        "conditioning_channels": 3,
        "block_out_channels": [4, 8, 8],
    },
    "scheduler": {
        "num_train_timesteps": 1000,
        "beta_start": 0.1,
        "beta_end": 0.005,
        "beta_schedule": "linear",
        "prediction_type": "v_prediction",
        "timestep_spacing": "trailing",
    },
}


class Widen(unittest.TestCase):
    def test_the_wide_model_answers_as_the_narrow_one(self):
        torch.manual_seed(0)
        narrow_config = narrowed(CONFIG, [16, 32])
        narrow = SCD(narrow_config)
        wide = widened(narrow, narrow_config, CONFIG, noise=0)
        skeletons = torch.rand(2, 3, 32, 32)
        latents = torch.randn(2, 6, 8, 8)
        answers = []
        for model in (narrow, wide):
            pose = model.pose_encoder(skeletons)
            kept, _ = model.unet.reference_pass(latents.flip(0), pose.flip(0))
            answers.append(model.unet.target_pass(latents, torch.tensor([20, 700]), pose, kept))
        torch.testing.assert_close(*answers, rtol=1e-4, atol=1e-5)
        self.assertGreater(float(answers[0].std()), 0.01)

    def test_a_level_may_grow_by_half(self):
        torch.manual_seed(0)
        narrow_config = narrowed(CONFIG, [16, 48])
        narrow_config["unet"]["attention_head_dim"] = [1, 3]
        wide = widened(SCD(narrow_config), narrow_config, CONFIG)
        latents = torch.randn(1, 6, 8, 8)
        self.assertTrue(bool(wide.unet.target_pass(latents, torch.tensor([20])).isfinite().all()))

    def test_the_first_level_must_grow_by_a_whole_factor(self):
        narrow_config = narrowed(CONFIG, [24, 32])
        with self.assertRaises(AssertionError):
            widened(SCD(narrow_config), narrow_config, CONFIG)


if __name__ == "__main__":
    unittest.main()
