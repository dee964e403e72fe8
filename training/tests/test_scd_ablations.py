import json
import unittest

import torch

from scd.ablations import CONFIGS
from scd.variants import Variant


def settings():
    config = json.loads((CONFIGS / "cpu-128.json").read_text())
    config["unet"].update(block_out_channels=[8, 16], in_channels=4, out_channels=4, norm_num_groups=4)
    config["pose_encoder"].update(conditioning_embedding_channels=8, block_out_channels=[2, 2, 4], position_waves=[1])
    return {**config, "token_width": 8}, json.loads((CONFIGS / "rows.json").read_text())


def batch(seed):
    torch.manual_seed(seed)
    latents, skeletons = torch.randn(2, 2, 4, 4, 4), torch.rand(2, 2, 3, 16, 16)
    return {
        "reference_latents": latents[0], "target_latents": latents[1],
        "reference_skeletons": skeletons[0], "target_skeletons": skeletons[1],
        "person": torch.ones(2, 1, 4, 4), "counts": torch.ones(2, 1, 4, 4),
    }  # fmt: skip


def filled(variant):
    """Nothing is zero, so that everything that is looked at counts."""
    torch.manual_seed(1)
    for parameter in variant.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return variant.eval()


class Variants(unittest.TestCase):
    def test_every_row_sees_its_reference_and_its_pose_as_far_as_it_should(self):
        config, rows = settings()
        noise = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(3))
        for row in [{"title": "none", "reference": None}, *rows]:
            model, seen = filled(Variant(config, row)), batch(1)
            answer = model.sample(seen, noise, 2)
            for part, matters in (("latents", row["reference"] is not None), ("skeletons", row.get("pose", False))):
                other = {**seen, f"reference_{part}": batch(2)[f"reference_{part}"]}
                moved = float((model.sample(other, noise, 2) - answer).abs().max())
                self.assertEqual(moved > 1e-4, matters, (row["title"], part, moved))

    def test_the_reference_sees_the_target_only_where_both_see_each_other(self):
        config, rows = settings()
        for row in rows:
            if row["reference"] not in ("mutual", "causal"):
                continue
            model, seen = filled(Variant(config, row)), batch(1)
            known = model.see(seen["reference_latents"], seen["reference_skeletons"])
            again = model.see(seen["reference_latents"], seen["reference_skeletons"])
            self.assertEqual(isinstance(known, list), row["reference"] == "causal")
            if row["reference"] == "causal":
                self.assertTrue(all(torch.equal(a, b) for one, other in zip(known, again) for a, b in zip(one, other)))

    def test_every_row_begins_as_the_base_that_sees_nothing(self):
        config, rows = settings()
        base, seen = filled(Variant(config, {"reference": None})), batch(1)
        for row in rows:
            model = Variant(config, row)
            model.start_from(base, row)
            given = dict(base.unet.named_parameters())
            for name, parameter in model.unet.named_parameters():
                if name in given and parameter.shape == given[name].shape:
                    self.assertTrue(torch.equal(parameter, given[name]), (row["title"], name))
            if row["reference"] == "channels":
                noise = torch.randn(2, 4, 4, 4)
                found = model.sample(seen, noise, 2)
                self.assertLess(float((found - base.sample(seen, noise, 2)).abs().max()), 1e-4)
            loss = model.loss(seen, torch.tensor([500, 900]), torch.randn(2, 4, 4, 4), 1)
            loss.backward()
            self.assertTrue(torch.isfinite(loss))


if __name__ == "__main__":
    unittest.main()
