import copy
import unittest

import torch

from scd.contrast import measure, stretch
from scd.model import SCD

from .test_scd_training import TOY, WithShard


class Contrast(WithShard):
    def test_latents_lie_as_far_apart_as_true_ones(self):
        config = copy.deepcopy(TOY)
        # Nearly pure noise throughout, as in the config for CPUs.
        config["scheduler"].update(beta_start=0.1, beta_end=0.005, beta_schedule="linear")
        torch.manual_seed(0)
        model = SCD(config)
        found, true = measure(model, self.batches, count=2)
        self.assertGreater(float((true.deviation / found.deviation - 1).abs().max()), 0.1)
        stretch(model, found, true)
        again, _ = measure(model, self.batches, count=2)
        torch.testing.assert_close(again.deviation, true.deviation, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(again.mean, found.mean, rtol=1e-3, atol=1e-3)


if __name__ == "__main__":
    unittest.main()
