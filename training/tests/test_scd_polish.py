import unittest

import numpy as np
import torch
from torch.nn import functional as F

from scd import images, safetensors
from scd.export import WEIGHTS
from scd.model import SCD
from scd.polish import PictureBatches, Polisher, windows

from .test_scd_training import CELLS, LATENTS, SIZE, TOY, WithShard

POLISHING = {
    "seed": 3,
    "steps": 6,
    "references": 2,
    "targets": 2,
    "unmoved": 0.5,
    "encoded": 1,
    "window": 2,
    "faces": 0.5,
    "learning_rate": 1e-3,
    "warmup_steps": 2,
    "decay_part": 0.5,
    "average": 0.9,
    "person_weight": 2,
    "latent_noise": 0.05,
    "latents_weight": 0.1,
    "dropped_references": 0.2,
    "own_estimates": 0.5,
    "own_below": 0.5,
    "bfloat16": False,
    "batch_threads": 1,
    "evaluate_every": 1000,
    "critic": {"channels": 8, "learning_rate": 4e-4, "noise": 0.05, "weight": 0.7, "matching": 0.7, "elsewhere": 0.3, "from": 2},
}
CONFIG = {**TOY, "polishing": POLISHING}


class TestPolish(WithShard):
    def setUp(self):
        super().setUp()
        safetensors.write(self.folder / WEIGHTS, safetensors.from_module(self.trained.folded()))
        SCD(CONFIG).initialize().save(self.folder / "model", np.float32)
        self.pictures = PictureBatches(self.folder / "latents", self.folder / "data", CONFIG)

    def polisher(self, name, config=CONFIG):
        return Polisher(config, self.folder, self.folder / "model", self.folder / name, torch.device("cpu"))

    def moved(self, name, weights):
        """Which tensors of a file a run has changed."""
        before, after = (safetensors.read(self.folder / place / weights) for place in ("", name))
        return {tensor for tensor in before if not np.array_equal(before[tensor], after[tensor])}

    def test_a_window_of_latents_and_of_the_picture_show_the_same_place(self):
        """With each cell's mean colour in place of its first latents, mirror images too."""
        folder, cell = self.folder / "latents" / "shard-0000", SIZE // CELLS
        pictures = np.load(self.folder / "data" / "shard-0000" / "images.npy")
        for name, seen in (("latents", pictures), ("mirrored", pictures[:, :, :, ::-1])):
            latents = np.load(folder / f"{name}.npy")
            for person, poses in enumerate(seen):
                latents[person, :, :3] = F.avg_pool2d(images.to_tensor(poses), cell).numpy()
            np.save(folder / f"{name}.npy", latents)
        batches = PictureBatches(self.folder / "latents", self.folder / "data", CONFIG)
        for number in range(6):
            batch, corners = batches.make(number, 0)
            cut = windows(batch["target_latents"], corners, 2)
            self.assertEqual(cut.shape, (4, LATENTS, 2, 2))
            torch.testing.assert_close(cut[:, :3], F.avg_pool2d(batch["truths"], cell), atol=2e-3, rtol=0)
            self.assertEqual(batch["masks"].shape, (4, 1, 2 * cell, 2 * cell))

    def test_windows_on_the_face_hold_the_nose(self):
        self.pictures.faces = 1
        covered = np.zeros((8, 8))
        covered[6, 6] = 1
        rng = np.random.default_rng(1)
        self.assertEqual(self.pictures.middle(covered, np.array([2.9, 1.2, 1]), rng), (1, 2))
        for unseen in ([2.9, 1.2, 0], [8.5, 1.2, 1], [-0.5, 1.2, 1]):
            self.assertEqual(self.pictures.middle(covered, np.array(unseen), rng), (6, 6))
        self.pictures.faces = 0
        self.assertEqual(self.pictures.middle(covered, np.array([2.9, 1.2, 1]), rng), (6, 6))

    def test_resumes_bit_by_bit(self):
        unbroken = self.polisher("unbroken")
        unbroken.run(self.pictures, 5, None)
        first = self.polisher("broken")
        for step in range(3):
            first.advance(self.pictures.make(step, 0))
        first.save()
        second = self.polisher("broken")
        self.assertEqual(second.step, 3)
        second.run(self.pictures, 5, None)
        for part in ("networks", "average"):
            a, b = getattr(unbroken, part).state_dict(), getattr(second, part).state_dict()
            self.assertTrue(all(torch.equal(a[name], b[name]) for name in a), part)

    def test_keeps_the_encoder_and_moves_everything_else(self):
        polisher = self.polisher("moved")
        polisher.run(self.pictures, 5, None)
        moved = self.moved("moved", WEIGHTS)
        self.assertFalse([name for name in moved if name.startswith("encoder")])
        self.assertTrue([name for name in moved if name.startswith("decoder")])
        unets = [safetensors.read(self.folder / place / "unet.safetensors") for place in ("model", "moved")]
        self.assertFalse(np.array_equal(unets[0]["conv_in.weight"], unets[1]["conv_in.weight"]))
        poses = [safetensors.read(self.folder / place / "pose_encoder.safetensors") for place in ("model", "moved")]
        self.assertFalse(np.array_equal(poses[0]["conv_in.weight"], poses[1]["conv_in.weight"]))

    def test_without_the_encoder_s_own_latents_the_decoder_stays(self):
        polisher = self.polisher("still", {**CONFIG, "polishing": {**POLISHING, "encoded": 0}})
        polisher.run(self.pictures, 5, None)
        self.assertEqual(self.moved("still", WEIGHTS), set())
        unets = [safetensors.read(self.folder / place / "unet.safetensors") for place in ("model", "still")]
        self.assertFalse(np.array_equal(unets[0]["conv_in.weight"], unets[1]["conv_in.weight"]))


if __name__ == "__main__":
    unittest.main()
