import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from scd import safetensors
from scd.batches import Batches, collate, mirror_joints, onto
from scd.encode import encode_shard
from scd.data import Shard
from scd.model import SCD
from scd.train import Trainer, draw_timesteps
from scd.train_autoencoder import Trained, reconstruction_loss

SIZE, LATENTS, CELLS = 64, 8, 4
TOY = {
    "size": SIZE,
    "skeleton": {"limbWidth": 24, "jointRadius": 28},
    "autoencoder": {
        "in_channels": 3,
        "out_channels": 3,
        "encoder_block_out_channels": [8] * 5,
        "decoder_block_out_channels": [8] * 5,
        "num_encoder_blocks": [0, 0, 0, 1, 1],
        "num_decoder_blocks": [1, 1, 0, 0, 0],
        "act_fn": "relu",
        "latent_channels": LATENTS,
        "upsampling_scaling_factor": 2,
    },
    "unet": {
        "in_channels": LATENTS,
        "out_channels": LATENTS,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
        "block_out_channels": [32, 64],
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "norm_eps": 1e-5,
        "cross_attention_dim": None,
        "attention_head_dim": [1, 1],
        "use_linear_projection": True,
    },
    "pose_encoder": {
        "conditioning_embedding_channels": 32,
        "conditioning_channels": 3,
        "block_out_channels": [4, 8, 8, 16, 16],
        "position_waves": [0.5, 2],
    },
    "scheduler": {
        "num_train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "clip_sample": False,
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    },
}
SETTINGS = {
    "seed": 1,
    "learning_rate": 2e-3,
    "warmup_steps": 5,
    "decay_part": 0.5,
    "average": 0.99,
    "person_weight": 2,
    "time_shift": 1.4,
    "dropped_references": 0.1,
    "own_estimates": 0.5,
    "own_from": 0.5,
    "guidance_of_attention": 0.1,
    "guided_until": 0.5,
    "bfloat16": False,
    "batch_threads": 1,
    "evaluate_every": 1000,
}


def write_shard(folder, people=4, poses=4, shared=True):
    """Blobs of one colour a person on a background of one colour a person, where their skeletons say."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    images = np.zeros((people, poses, SIZE, SIZE, 3), np.uint8)
    masks = np.zeros((people, poses, SIZE, SIZE), np.uint8)
    joints = np.ones((people, poses, 18, 3), np.float32)
    for person in range(people):
        back, front = rng.integers(0, 255, (2, 3))
        for pose in range(poses):
            x, y = rng.integers(16, 48, 2)
            images[person, pose] = back
            images[person, pose, y - 12 : y + 12, x - 8 : x + 8] = front
            masks[person, pose, y - 12 : y + 12, x - 8 : x + 8] = 255
            joints[person, pose, :, 0] = x + rng.uniform(-6, 6, 18)
            joints[person, pose, :, 1] = y + rng.uniform(-10, 10, 18)
    np.save(folder / "images.npy", images)
    np.save(folder / "masks.npy", masks)
    np.save(folder / "joints.npy", joints)
    meta = [{"seed": i, "sharedBackground": shared} for i in range(people)]
    (folder / "meta.json").write_text(json.dumps(meta))


class WithShard(unittest.TestCase):
    """A toy shard, encoded by a fresh autoencoder, mirror images too."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        write_shard(self.folder / "data" / "shard-0000")
        torch.manual_seed(0)
        torch.set_num_threads(1)
        self.trained = Trained(TOY["autoencoder"])
        shard = Shard(self.folder / "data" / "shard-0000")
        out = self.folder / "latents" / "shard-0000"
        encode_shard(self.trained.folded(), shard, out, torch.device("cpu"), mirrored=True)
        self.batches = self.make_batches()

    def make_batches(self, unmoved=0.5):
        return Batches([self.folder / "latents"], SIZE, TOY["skeleton"], references=2, targets=3, unmoved=unmoved)


class TestBatches(WithShard):
    def test_shapes(self):
        batch = onto(self.batches.make(0, 0), torch.device("cpu"))
        self.assertEqual(batch["reference_latents"].shape, (2, LATENTS, CELLS, CELLS))
        self.assertEqual(batch["target_latents"].shape, (6, LATENTS, CELLS, CELLS))
        self.assertEqual(batch["target_skeletons"].shape, (6, 3, SIZE, SIZE))
        self.assertLessEqual(float(batch["target_skeletons"].max()), 1)
        self.assertGreater(float(batch["target_skeletons"].max()), 0.5)

    def test_are_a_function_of_their_number(self):
        a, b, c = self.batches.make(7, 0), self.make_batches().make(7, 0), self.batches.make(8, 0)
        self.assertTrue(all(torch.equal(a[name], b[name]) for name in a))
        self.assertFalse(torch.equal(a["target_latents"], c["target_latents"]))

    def test_some_targets_are_the_reference_itself(self):
        for unmoved in (0, 1):
            batch = self.make_batches(unmoved).make(3, 0)
            targets = batch["target_latents"].unflatten(0, (2, 3))
            for reference, (first, *others) in zip(batch["reference_latents"], targets):
                self.assertEqual(torch.equal(reference, first), bool(unmoved))
                self.assertFalse(any(torch.equal(reference, other) for other in others))

    def test_shards_that_appear_later_are_taken_in(self):
        (self.folder / "latents" / "shard-0000").rename(self.folder / "latents" / "shard-0003")
        before = len(self.batches.places)
        self.batches.refresh()
        self.assertEqual(len(self.batches.places), 2 * before)

    def test_mirroring_swaps_left_and_right(self):
        joints = np.arange(54, dtype=np.float64).reshape(18, 3)
        mirrored = mirror_joints(joints, SIZE)
        right_wrist, left_wrist = 4, 7
        self.assertEqual(mirrored[left_wrist, 0], SIZE - joints[right_wrist, 0])
        self.assertEqual(mirrored[left_wrist, 1], joints[right_wrist, 1])
        np.testing.assert_array_equal(mirror_joints(mirrored, SIZE), joints)

    def test_a_background_the_reference_does_not_show_counts_for_nothing(self):
        shard, person = self.batches.places[0]
        shard.meta[person]["sharedBackground"] = False
        apart = collate([self.batches.row(shard, person, np.array([0, 1]))])
        self.assertTrue(torch.equal(apart["counts"], apart["person"]))
        shard.meta[person]["sharedBackground"] = True
        together = collate([self.batches.row(shard, person, np.array([0, 1]))])
        self.assertTrue(bool((together["counts"] == 1).all()))


class TestLoss(WithShard):
    def setUp(self):
        super().setUp()
        self.model = SCD(TOY)
        self.batch = onto(self.batches.make(0, 0), torch.device("cpu"))
        self.timesteps = torch.tensor([1, 200, 400, 600, 800, 999])
        self.noise = torch.randn(self.batch["target_latents"].shape)

    def loss(self, error=0.0, where=None):
        """The loss of a network whose prediction is off by `error` (where a mask says so)."""
        perfect = self.model.scheduler.target(self.batch["target_latents"], self.noise, self.timesteps)
        wrong = perfect + error * (1 if where is None else where)
        with mock.patch.object(self.model.unet, "target_pass", return_value=wrong):
            return float(self.model.loss(self.batch, self.timesteps, self.noise, True, person_weight=2))

    def test_is_the_weighted_mean_square(self):
        self.assertAlmostEqual(self.loss(), 0, places=9)
        self.assertAlmostEqual(self.loss(0.5), 0.25, places=6)

    def test_the_person_weighs_three_times_the_background(self):
        left = torch.zeros_like(self.batch["person"])
        left[..., : CELLS // 2] = 1
        self.batch["person"], self.batch["counts"] = left, torch.ones_like(left)
        self.assertAlmostEqual(self.loss(1.0, left), 0.75, places=6)
        self.assertAlmostEqual(self.loss(1.0, 1 - left), 0.25, places=6)

    def test_trains_the_reference_pass_through_its_keys_and_values(self):
        self.model.load_state_dict({k: torch.randn_like(v) * 0.05 for k, v in self.model.state_dict().items()})
        self.batch["reference_latents"].requires_grad_()
        self.model.loss(self.batch, self.timesteps, self.noise, True, 2).backward()
        self.assertGreater(float(self.batch["reference_latents"].grad.abs().max()), 0)
        self.batch["reference_latents"].grad = None
        self.model.loss(self.batch, self.timesteps, self.noise, False, 2).backward()
        self.assertIsNone(self.batch["reference_latents"].grad)

    def test_time_steps_lean_towards_noise(self):
        drawn = draw_timesteps(4000, 3.0, 1000)
        self.assertAlmostEqual(float(drawn.float().median()), 750, delta=5)
        self.assertTrue(0 <= int(drawn.min()) and int(drawn.max()) <= 999)


class TestTraining(WithShard):
    def trainer(self, name, total=400):
        return Trainer(TOY, SETTINGS, total, torch.device("cpu"), self.folder / name)

    def test_resumes_bit_by_bit(self):
        unbroken = self.trainer("unbroken", total=6)
        unbroken.run(self.make_batches(), 5, None)
        first = self.trainer("broken", total=6)
        for step in range(3):
            first.advance(self.batches.make(step, 0))
        first.save()
        second = self.trainer("broken", total=6)
        self.assertEqual(second.step, 3)
        second.run(self.make_batches(), 5, None)
        for part in ("model", "average"):
            a, b = getattr(unbroken, part).state_dict(), getattr(second, part).state_dict()
            self.assertTrue(all(torch.equal(a[name], b[name]) for name in a), part)

    def test_overfits_four_people(self):
        trainer = self.trainer("overfit", total=240)
        losses = [trainer.advance(self.batches.make(step % 12, 0))["loss"] for step in range(240)]
        self.assertGreater(np.mean(losses[:5]), 0.25)
        self.assertLess(np.mean(losses[-20:]), 0.12)

    def test_stops_in_time_and_writes_half_precision_weights(self):
        trainer = self.trainer("stopped")
        trainer.run(self.batches, 0, None)
        self.assertEqual(trainer.step, 0)
        weights = safetensors.read(self.folder / "stopped" / "unet.safetensors")
        self.assertEqual(weights["conv_in.weight"].dtype, np.float16)
        SCD(TOY).load(self.folder / "stopped")


class TestAutoencoderTraining(WithShard):
    def test_folding_hides_the_whitening(self):
        image = torch.rand(8, 3, SIZE, SIZE) * 2 - 1
        self.trained.whiten.observe(self.trained.autoencoder.encoder(image), momentum=1)
        with torch.no_grad():
            latents = self.trained.folded().encoder(image)
            torch.testing.assert_close(latents, self.trained.whiten(self.trained.autoencoder.encoder(image)))
        torch.testing.assert_close(latents.mean((0, 2, 3)), torch.zeros(LATENTS), atol=1e-4, rtol=0)
        torch.testing.assert_close(latents.std((0, 2, 3)), torch.ones(LATENTS), atol=0.01, rtol=0)

    def test_loss_counts_what_weighs(self):
        image, mask = torch.zeros(1, 3, 16, 16), torch.zeros(1, 1, 16, 16)
        mask[..., :8] = 2
        wrong = image.clone()
        wrong[..., :8] = 1
        self.assertEqual(float(reconstruction_loss(image, image, mask)), 0)
        self.assertGreater(
            float(reconstruction_loss(wrong, image, mask)), 2 * float(reconstruction_loss(wrong.flip(-1), image, mask))
        )


if __name__ == "__main__":
    unittest.main()
