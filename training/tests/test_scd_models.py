import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from scd import flops, parity_fixture, safetensors
from scd.autoencoder import AutoencoderTiny
from scd.model import SCD
from scd.pose_encoder import ControlNetConditioningEmbedding
from scd.scheduler import PREDICTIONS, Scheduler, inference_timesteps
from scd.unet import UNet2DConditionModel

ROOT = Path(__file__).parents[2]
CONFIGS = Path(__file__).parents[1] / "configs"
DEFAULT = json.loads((CONFIGS / "cpu-256.json").read_text())
PACK_BYTES = 24 * 2**20


def read_json(path):
    return json.loads(Path(path).read_text())


def tensors(path):
    return {name: torch.from_numpy(array.copy()) for name, array in safetensors.read(path).items()}


class Fixture:
    def __init__(self, folder):
        self.unet = UNet2DConditionModel(read_json(folder / "unet_config.json")).eval()
        safetensors.into_module(self.unet, folder / "unet.safetensors")
        self.pose_encoder = ControlNetConditioningEmbedding(read_json(folder / "pose_encoder_config.json"))
        safetensors.into_module(self.pose_encoder, folder / "pose_encoder.safetensors")
        self.scheduler = Scheduler(read_json(folder / "scheduler_config.json"))
        self.io = tensors(folder / "io.safetensors")


class TestSafetensors(unittest.TestCase):
    def test_reads_back_what_it_wrote(self):
        written = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "b.c": np.array([7], np.int64)}
        with tempfile.TemporaryDirectory() as folder:
            safetensors.write(Path(folder) / "x.safetensors", written)
            found = safetensors.read(Path(folder) / "x.safetensors")
        self.assertEqual(list(found), list(written))
        for name, array in written.items():
            self.assertEqual(found[name].dtype, array.dtype)
            np.testing.assert_array_equal(found[name], array)


@torch.no_grad()
def worst_errors(fixture):
    """Every number of a fixture, computed anew: the error over the truth's deviation."""
    unet, io = fixture.unet, fixture.io
    errors = {}

    def compare(found, name):
        errors[name] = float((found - io[name]).abs().max() / io[name].std())

    reference_pose = fixture.pose_encoder(io["reference_pose_image"])
    pose = fixture.pose_encoder(io["target_pose_image"])
    compare(reference_pose, "reference_pose_features")
    compare(pose, "target_pose_features")
    tokens = io.get("tokens")
    nothing = None if tokens is None else torch.zeros_like(tokens)
    kept, output = unet.reference_pass(io["reference_latents"], reference_pose, tokens)
    compare(output, "reference_output")
    first = next(name for name in io if name.startswith("k."))
    compare(kept[0][0], first)
    compare(kept[0][1], first.replace("k.", "v.", 1))
    for timestep in parity_fixture.TARGET_TIMESTEPS:
        found = unet.target_pass(io["noise"], torch.tensor([timestep]), pose, kept, tokens)
        compare(found, f"target_output.t{timestep}")
    at = torch.tensor([500])
    compare(unet.target_pass(io["noise"], at, pose, None, tokens), "target_output_without_reference.t500")
    compare(unet.target_pass(io["noise"], at, None, kept, tokens), "target_output_without_pose.t500")
    steps = fixture.scheduler.config["steps"]
    for prefix, guidance in (("ddim", 1), ("ddim_guided", fixture.scheduler.config["guidance_scale_of_ddim_guided"])):
        latents = io["noise"]
        for timestep in inference_timesteps(fixture.scheduler.config, steps).tolist():
            output = unet.target_pass(latents, torch.tensor([timestep]), pose, kept, tokens)
            alone = unet.target_pass(latents, torch.tensor([timestep]), pose, None, nothing)
            latents = fixture.scheduler.step(alone + guidance * (output - alone), timestep, latents, steps)
            compare(latents, f"{prefix}.after_t{timestep}")
    return errors


class TestAgainstDiffusers(unittest.TestCase):
    def test_unet_pose_encoder_and_schedule(self):
        errors = worst_errors(Fixture(ROOT / "fixtures" / "diffusers-unet"))
        self.assertLess(max(errors.values()), 1e-4, errors)

    def test_autoencoder(self):
        folder = ROOT / "fixtures" / "diffusers-autoencoders" / "tiny"
        autoencoder = AutoencoderTiny(read_json(folder / "config.json"))
        safetensors.into_module(autoencoder, folder / "weights.safetensors")
        io = tensors(folder / "io.safetensors")
        with torch.no_grad():
            self.assertLess(float((autoencoder.encoder(io["image"]) - io["latents"]).abs().max()), 1e-5)
            self.assertLess(float((autoencoder.decoder(io["latents"]) - io["decoded"]).abs().max()), 1e-5)

    def test_ddim_runs(self):
        """diffusers' own scheduler on fixed model outputs."""
        record = read_json(ROOT / "fixtures" / "ddim.json")
        tried = 0
        for run in record["cases"]:
            if run["eta"] != 0 or run["config"]["prediction_type"] not in PREDICTIONS:
                continue
            tried += 1
            config, steps = run["config"], run["steps"]
            timesteps = inference_timesteps(config, steps).tolist()
            self.assertEqual(timesteps, run["timesteps"])
            scheduler = Scheduler(config)
            latents = torch.tensor(record["start"])[None]
            for i, (timestep, state) in enumerate(zip(timesteps, run["states"])):
                output = torch.tensor(record["model_outputs"][i])[None]
                latents = scheduler.step(output, timestep, latents, steps)
                torch.testing.assert_close(latents[0], torch.tensor(state), rtol=1e-4, atol=1e-4)
        self.assertEqual(tried, 8)

    def test_the_projects_own_fixtures_are_reproduced(self):
        for name in ("linear", "convolution"):
            errors = worst_errors(Fixture(ROOT / "fixtures" / "parity" / name))
            self.assertLess(max(errors.values()), 1e-4, name)


class TestTwoPasses(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        config = read_json(CONFIGS / "parity-linear.json")
        self.unet = parity_fixture.randomize(UNet2DConditionModel(config["unet"]))
        self.reference, self.target = torch.randn(2, 1, 4, 8, 16)

    @torch.no_grad()
    def test_reference_never_sees_the_target(self):
        before, _ = self.unet.reference_pass(self.reference)
        first = self.unet.target_pass(self.target, torch.tensor([500]), None, before)
        kept = [(k.clone(), v.clone()) for k, v in before]
        other = self.unet.target_pass(self.target * 3, torch.tensor([20]), None, before)
        self.assertGreater(float((first - other).abs().max()), 0.1)
        after, _ = self.unet.reference_pass(self.reference)
        for was, held, now in zip(kept, before, after):
            for a, b, c in zip(was, held, now):
                self.assertTrue(torch.equal(a, b) and torch.equal(a, c))

    @torch.no_grad()
    def test_every_self_attention_is_kept_and_used(self):
        kept, _ = self.unet.reference_pass(self.reference)
        self.assertEqual(len(kept), len(parity_fixture.self_attentions(self.unet)))
        whole = self.unet.target_pass(self.target, torch.tensor([500]), None, kept)
        for place in range(len(kept)):
            changed = list(kept)
            changed[place] = kept[place][0], kept[place][1] + 1
            output = self.unet.target_pass(self.target, torch.tensor([500]), None, changed)
            self.assertGreater(float((output - whole).abs().max()), 1e-4, place)

    @torch.no_grad()
    def test_targets_in_a_row_share_their_reference(self):
        references, targets = torch.randn(2, 4, 8, 16), torch.randn(6, 4, 8, 16)
        kept, _ = self.unet.reference_pass(references)
        together = self.unet.target_pass(targets, torch.full((6,), 300), None, kept)
        alone, _ = self.unet.reference_pass(references[1:])
        apart = self.unet.target_pass(targets[3:], torch.full((3,), 300), None, alone)
        torch.testing.assert_close(together[3:], apart, rtol=1e-4, atol=1e-4)


class TestDefaultModel(unittest.TestCase):
    def test_budgets(self):
        model, autoencoder = SCD(DEFAULT), AutoencoderTiny(DEFAULT["autoencoder"])
        self.assertLessEqual(flops.of_target_pass(model.unet, 16, 16), 6e9)
        self.assertLessEqual(flops.of_decoding(autoencoder, 16, 16), 6e9)
        parameters = sum(p.numel() for part in (model, autoencoder) for p in part.parameters())
        self.assertLess(2 * parameters, PACK_BYTES - 2**20)

    @torch.no_grad()
    def test_shapes(self):
        model, autoencoder = SCD(DEFAULT), AutoencoderTiny(DEFAULT["autoencoder"])
        latents = autoencoder.encoder(torch.zeros(1, 3, 128, 64))
        self.assertEqual(latents.shape, (1, 48, 8, 4))
        self.assertEqual(autoencoder.decoder(latents).shape, (1, 3, 128, 64))
        pose = model.pose_encoder(torch.zeros(1, 3, 128, 64))
        kept, output = model.unet.reference_pass(latents, pose)
        self.assertEqual(output.shape, latents.shape)
        wide, deep = DEFAULT["unet"]["block_out_channels"]
        self.assertEqual([k.shape[1:] for k, _ in kept[:2]], [(32, wide), (8, deep)])

    @torch.no_grad()
    def test_features_tell_where_a_cell_lies(self):
        features = SCD(DEFAULT).pose_encoder(torch.zeros(1, 3, 256, 256))[0].flatten(1)
        apart = torch.cdist(features.T, features.T)
        # Far from the border nothing but the waves tells two cells of an empty skeleton image apart.
        apart.fill_diagonal_(float("inf"))
        self.assertGreater(float(apart.min()), 0.01 * float(features.std()))

    @torch.no_grad()
    def test_the_autoencoder_begins_as_a_thumbnail(self):
        torch.manual_seed(0)
        autoencoder = AutoencoderTiny(DEFAULT["autoencoder"]).initialize()
        dark, bright = torch.full((1, 3, 64, 64), -0.5), torch.full((1, 3, 64, 64), 0.5)
        dark[:, 0] = 0.5
        red, green = (autoencoder.encoder(image)[0, :, 2, 2] for image in (dark, bright))
        # 16 channels a colour: both are as red, and the other two colours differ by half the range.
        self.assertLess(float((red - green)[:16].abs().mean()), 0.2)
        self.assertGreater(float((green - red)[16:48].mean()), 0.3)


if __name__ == "__main__":
    unittest.main()
