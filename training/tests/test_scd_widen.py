import unittest

import torch

from scd.model import SCD
from scd.widen import APART, narrowed, widened

from .test_scd_training import LATENTS, TOY

CONFIG = {**TOY, "unet": {**TOY["unet"], "attention_head_dim": [2, 4]}}


class Widen(unittest.TestCase):
    def test_the_wide_model_answers_as_the_narrow_one(self):
        torch.manual_seed(0)
        narrow_config = narrowed(CONFIG, [16, 32])
        narrow = SCD(narrow_config)
        wide = widened(narrow, narrow_config, CONFIG, apart=0)
        skeletons = torch.rand(2, 3, 128, 128)
        latents = torch.randn(2, LATENTS, 8, 8)
        answers = []
        for model in (narrow, wide):
            pose = model.pose_encoder(skeletons)
            kept, _ = model.unet.reference_pass(latents.flip(0), pose.flip(0))
            answers.append(model.unet.target_pass(latents, torch.tensor([20, 700]), pose, kept))
        torch.testing.assert_close(*answers, rtol=1e-4, atol=1e-5)
        self.assertGreater(float(answers[0].std()), 0.01)

    def test_copies_part_and_the_answer_hardly_changes(self):
        torch.manual_seed(0)
        narrow_config = narrowed(CONFIG, [16, 32])
        narrow = SCD(narrow_config)
        answers = []
        for apart in (0, APART):
            wide = widened(narrow, narrow_config, CONFIG, apart)
            dead = 0
            for name, weight in wide.unet.named_parameters():
                if weight.dim() > 1 and not name.startswith("time_embedding"):
                    sizes = torch.linalg.svdvals(weight.detach().reshape(len(weight), -1))
                    dead += int((sizes < 1e-6 * sizes[0]).sum())
            self.assertEqual(dead > 0, apart == 0)
            torch.manual_seed(1)
            latents = torch.randn(2, LATENTS, 8, 8)
            answers.append(wide.unet.target_pass(latents, torch.tensor([20, 700]), torch.randn(2, 32, 8, 8)))
        before, after = answers
        self.assertLess(float((after - before).square().mean() / before.square().mean()), 0.05)

    def test_a_level_may_grow_by_half(self):
        torch.manual_seed(0)
        narrow_config = narrowed(CONFIG, [16, 48])
        narrow_config["unet"]["attention_head_dim"] = [1, 3]
        wide = widened(SCD(narrow_config), narrow_config, CONFIG)
        latents = torch.randn(1, LATENTS, 8, 8)
        self.assertTrue(bool(wide.unet.target_pass(latents, torch.tensor([20])).isfinite().all()))

    def test_the_first_level_must_grow_by_a_whole_factor(self):
        narrow_config = narrowed(CONFIG, [24, 32])
        with self.assertRaises(AssertionError):
            widened(SCD(narrow_config), narrow_config, CONFIG)


if __name__ == "__main__":
    unittest.main()
