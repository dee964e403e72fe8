"""Motion modules of both kinds, their noise and the tracks that they learn from."""

import json
import unittest
from pathlib import Path

import numpy as np
import torch

from people.tracks import as_tracked
from scd import noise, safetensors
from scd.calm import TemporalAttention, attach, time_bias
from scd.motion_modules import attach as attach_adapter
from scd.unet import Alone, UNet2DConditionModel

FIXTURES = Path(__file__).parents[2] / "fixtures"
CONFIG = {"width": 8, "slopes": [0, 0.2, 0.5, 1]}


class DiffusersMotionModel(unittest.TestCase):
    def test_is_what_diffusers_computed(self):
        folder = FIXTURES / "diffusers-motion"
        config = json.loads((folder / "unet_config.json").read_text())
        weights, io = ({k: torch.tensor(v) for k, v in safetensors.read(folder / f"{n}.safetensors").items()} for n in ("unet", "io"))
        plain = {key: [kind.replace("BlockMotion", "Block2D") for kind in config[key]] for key in ("down_block_types", "up_block_types")}
        heads = config["num_attention_heads"]
        unet = UNet2DConditionModel({**config, **plain, "flip_sin_to_cos": True, "freq_shift": 0, "attention_head_dim": heads})
        motion = {
            "block_out_channels": config["block_out_channels"],
            "motion_num_attention_heads": config["motion_num_attention_heads"],
            "motion_norm_num_groups": config["norm_num_groups"],
            "plain_up_norm_num_groups": 32,
            "motion_max_seq_length": config["motion_max_seq_length"],
            "use_motion_mid_block": config["use_motion_mid_block"],
        }
        attach_adapter(unet, motion).load_state_dict(weights)
        sample = io["sample"][0].transpose(0, 1)
        for timestep in (981, 401, 1):
            times = torch.full((len(sample),), float(timestep))
            with torch.no_grad():
                made = unet.eval().run(sample, times, None, io["encoder_hidden_states"].expand(len(sample), -1, -1), Alone())
            truth = io[f"output.t{timestep}"]
            self.assertLess(float((made.transpose(0, 1)[None] - truth).abs().max() / truth.std()), 1e-4)


class Calm(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.module = TemporalAttention(16, CONFIG)
        self.attention, self.queries = torch.randn(2, 6, 5, 16)

    def randomize(self):
        for parameter in self.module.parameters():
            torch.nn.init.normal_(parameter, std=0.3)

    def test_begins_as_nothing(self):
        bias = time_bias(6, CONFIG["slopes"], False)
        self.assertTrue(torch.equal(self.module(self.attention, self.queries, bias), self.attention))

    def test_leaves_alone_what_stands_still(self):
        self.randomize()
        still, asked = self.attention[:1].expand(6, -1, -1), self.queries[:1].expand(6, -1, -1)
        found = self.module(still, asked, time_bias(6, CONFIG["slopes"], False))
        self.assertLess(float((found - still).abs().max()), 1e-5)

    def test_a_causal_mask_hides_what_comes_later(self):
        self.randomize()
        later = self.attention.clone()
        later[4:] += 1
        for causal in (True, False):
            bias = time_bias(6, CONFIG["slopes"], causal)
            apart = (self.module(self.attention, self.queries, bias) - self.module(later, self.queries, bias))[:4].abs().max()
            self.assertEqual(float(apart) == 0, causal)

    def test_a_finished_unet_paints_as_before(self):
        config = json.loads((Path(__file__).parents[1] / "configs" / "parity-linear.json").read_text())["unet"]
        unet = UNet2DConditionModel(config).eval()
        names = set(unet.state_dict())
        latents, pose = torch.randn(3, 4, 8, 8), torch.randn(3, 32, 8, 8)
        kept, _ = unet.reference_pass(latents[:1])
        times = torch.full((3,), 500)
        with torch.no_grad():
            before = unet.target_pass(latents, times, pose, kept)
            attach(unet, CONFIG)
            after = unet.target_pass(latents, times, pose, kept, time=time_bias(3, CONFIG["slopes"], False))
        self.assertEqual(set(unet.state_dict()), names)
        self.assertLess(float((before - after).abs().max()), 1e-5)


class Noise(unittest.TestCase):
    def test_is_the_engine_s(self):
        # As in src/scd/noise.test.ts: saved seeds keep their pictures.
        expected = [0.380401, -0.296278, -0.249233, -1.003837]
        np.testing.assert_allclose(noise.gaussian(4, 1), expected, atol=1e-6)
        self.assertGreater(np.abs(noise.gaussian(64, 1, frame=1) - noise.gaussian(64, 1)).max(), 1)


class Tracks(unittest.TestCase):
    def setUp(self):
        pose = np.zeros((18, 3), np.float32)
        pose[:, 0], pose[:, 1], pose[:, 2] = np.linspace(90, 160, 18), np.linspace(40, 220, 18), 1
        pose[1, :2], pose[8, :2], pose[11, :2] = (128, 70), (120, 140), (136, 140)
        self.joints = np.repeat(pose[None], 200, 0)

    def test_jitter_remembers(self):
        wrist = as_tracked(self.joints, np.random.default_rng(2))[:, 10, 0]
        wrist = wrist - wrist.mean()
        correlation = (wrist[1:] * wrist[:-1]).mean() / wrist.var()
        self.assertGreater(correlation, 0.3)
        self.assertLess(correlation, 0.75)

    def test_faults_last(self):
        missed = [as_tracked(self.joints, np.random.default_rng(seed))[..., 2] == 0 for seed in range(6)]
        lengths = []
        for track in missed:
            for joint in range(18):
                starts = np.flatnonzero(np.diff(np.r_[0, track[:, joint], 0].astype(int)) == 1)
                ends = np.flatnonzero(np.diff(np.r_[0, track[:, joint], 0].astype(int)) == -1)
                lengths += list(ends - starts)
        self.assertGreater(max(lengths), 5)


if __name__ == "__main__":
    unittest.main()
