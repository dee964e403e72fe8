import json
import unittest
from pathlib import Path

import numpy as np
import torch
from people.joints import MIRROR
from torch.nn import functional as F

from scd import safetensors
from scd.data import Shard
from scd.export import WEIGHTS, write
from scd.flops import counted
from scd.guides import facing, guides, maps, move
from scd.model import SCD
from scd.paint import paint_shard
from scd.painter import Painter
from scd.retoucher import INPUTS, Retoucher
from scd.retoucher_fixture import poses
from scd.train_autoencoder import reconstruction_loss
from scd.train_retoucher import Painted, Training, collate
from scd.warp import middles

from .test_scd_training import SIZE, TOY, WithShard

CONFIGS = Path(__file__).parents[1] / "configs"
RETOUCHING = {
    "steps": 6,
    "batch": 3,
    "window": 32,
    "faces": 0.3,
    "left": 0.2,
    "anywhere": 0.2,
    "colours_off": 0.05,
    "learning_rate": 3e-3,
    "warmup_steps": 2,
    "decay_part": 0.5,
    "average": 0.9,
    "person_weight": 2,
    "bfloat16": False,
    "batch_threads": 2,
    "evaluate_every": 1000,
    "critic": {"channels": 8, "learning_rate": 4e-4, "noise": 0.05, "weight": 0.7, "matching": 0.7, "elsewhere": 0.3},
}
SMALL = {"block_out_channels": [8, 12], "layers_per_block": [1, 1], "last_channels": 6}
CONFIG = {**TOY, "defaults": {"steps": 2}, "retoucher": SMALL, "retouching": RETOUCHING}


class TestGuides(unittest.TestCase):
    def test_parts_are_taken_to_where_they_were(self):
        reference, target = poses()
        moves = maps(target, reference)
        point = lambda pose, joint: complex(*pose[joint, :2])
        for start, end in ((2, 3), (9, 10), (12, 13)):
            for joint in (start, end):
                self.assertAlmostEqual(move(moves[start, end], point(target, joint)), point(reference, joint), places=4)
        self.assertNotIn((3, 4), moves)

    def test_a_shift_of_the_whole_body_shifts_every_piece(self):
        reference, _ = poses()
        shift = np.array([3.5, -2, 0])
        for map_ in maps(reference + shift, reference).values():
            for place in (10 + 4j, -3 + 20j):
                self.assertAlmostEqual(move(map_, place), place - 3.5 + 2j, places=4)

    def test_the_head_turns_and_grows_with_its_face(self):
        reference, _ = poses()
        target = reference.copy()
        turned = 1.2 * np.exp(0.4j) * (reference[:, 0] + 1j * reference[:, 1])
        target[:, 0], target[:, 1] = turned.real, turned.imag
        place = 1.2 * np.exp(0.4j) * (30 + 5j)
        self.assertAlmostEqual(move(maps(target, reference)["head"], place), 30 + 5j, places=6)

    def test_a_back_has_no_face(self):
        reference, target = poses()
        self.assertGreater(facing(reference), 0.3)
        self.assertLess(facing(target[MIRROR]), -0.1)
        self.assertIn("head", maps(target, reference))
        self.assertNotIn("head", maps(target[MIRROR], reference))
        self.assertIn("head", maps(target[MIRROR], reference[MIRROR]))

    def test_a_window_is_cut_from_the_whole(self):
        reference, target = poses()
        photo = np.random.default_rng(1).integers(0, 256, (32, 48, 3), dtype=np.uint8)
        places, window = middles(32, 48), (slice(4, 20), slice(10, 40))
        whole, part = guides(photo, target, reference, places), guides(photo, target, reference, places[window])
        for all_of_it, some in zip(whole, part):
            np.testing.assert_allclose(all_of_it[window], some)


class TestRetoucher(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        torch.set_num_threads(1)
        photo = F.interpolate(torch.rand(1, 3, 16, 16), scale_factor=2) * 2 - 1
        blurred = F.avg_pool2d(photo, 5, 1, 2, count_include_pad=False)
        self.pictures = {"frame": blurred, "photo": photo, "torso": photo, "limbs": photo, "nearness": torch.zeros(1, 2, 32, 32)}
        self.retoucher = Retoucher(SMALL).initialize()

    def error(self, found):
        return float((found - self.pictures["photo"]).abs().mean())

    def test_shipped_configs_stay_within_the_budgets(self):
        for name in ("cpu-256", "gpu-256"):
            config = json.loads((CONFIGS / f"{name}.json").read_text())
            retoucher = Retoucher(config["retoucher"])
            pictures = {part: torch.zeros(1, channels, 256, 256) for part, channels in INPUTS.items()}
            with torch.no_grad(), counted(retoucher) as total:
                retoucher(**pictures)
            self.assertLess(total["flops"], 3.5e9, name)
            self.assertLess(sum(p.numel() for p in retoucher.parameters()), 0.75e6, name)

    def test_begins_by_giving_detail_back(self):
        self.assertLess(self.error(self.retoucher(**self.pictures)), 0.3 * self.error(self.pictures["frame"]))

    def test_begins_by_leaving_what_differs(self):
        others = {name: self.pictures[name] + 0.6 for name in ("photo", "torso", "limbs")}
        found = self.retoucher(**{**self.pictures, **others})
        torch.testing.assert_close(found, self.pictures["frame"], atol=0.02, rtol=0)

    def test_learns_what_belongs_where(self):
        """Here nearness says it: the photo is to be laid over the left half, however far it differs."""
        pictures = {**self.pictures, "torso": -self.pictures["photo"], "limbs": -self.pictures["photo"]}
        pictures["nearness"] = pictures["nearness"].clone()
        pictures["nearness"][..., :16] = 1
        pictures["frame"] = self.pictures["frame"] * 0.2
        truth = torch.cat([pictures["photo"][..., :16], pictures["frame"][..., 16:]], 3)
        optimizer = torch.optim.Adam(self.retoucher.parameters(), 5e-3)
        for _ in range(150):
            optimizer.zero_grad()
            loss = reconstruction_loss(self.retoucher(**pictures), truth, torch.ones(1, 1, 32, 32))
            loss.backward()
            optimizer.step()
        self.assertLess(float(loss), 0.12)


class TestTraining(WithShard):
    def setUp(self):
        super().setUp()
        safetensors.write(self.folder / WEIGHTS, safetensors.from_module(self.trained.folded()))
        SCD(CONFIG).initialize().save(self.folder / "model", np.float32)
        painter = Painter(CONFIG, self.folder, self.folder / "model", torch.device("cpu"))
        paint_shard(painter, Shard(self.folder / "data" / "shard-0000"), 0, 2, self.folder / "painted" / "shard-0000")
        self.painted = Painted(self.folder / "data", self.folder / "painted", CONFIG)

    def training(self, name):
        return Training(CONFIG, self.folder / name, torch.device("cpu"))

    def test_pairs_are_two_poses_of_one_person(self):
        chosen = np.load(self.folder / "painted" / "shard-0000" / "poses.npy")
        self.assertEqual(chosen.shape, (4, 2, 2))
        self.assertTrue((chosen[..., 0] != chosen[..., 1]).all())

    def test_windows_show_one_place_of_all_pictures(self):
        """A person in its own pose, unmoved: the photo, its pieces and the truth are the same."""
        shard, arrays = self.painted.shards[0]
        arrays["poses"] = np.zeros_like(arrays["poses"])
        arrays["joints"] = np.repeat(shard.joints[:, None, :1], 2, 1).repeat(2, 2)
        batch = collate([self.painted.row((0, 1, 0), np.random.default_rng(seed)) for seed in range(4)])
        self.assertEqual(batch["truth"].shape, (4, 3, 32, 32))
        for piece in ("photo", "torso", "limbs"):
            torch.testing.assert_close(batch[piece], batch["truth"], atol=1e-3, rtol=0)

    def test_the_last_steps_are_reported_too(self):
        training = self.training("odd")
        training.settings = {**RETOUCHING, "evaluate_every": 4}
        training.run(self.painted, 5, None)
        lines = [json.loads(line) for line in (self.folder / "odd" / "log.jsonl").read_text().splitlines()]
        self.assertEqual([line["step"] for line in lines], [4, 6])
        self.assertLess(0, training.seconds)

    def test_paints_and_exports_with_it(self):
        training = self.training("finished")
        torch.nn.init.constant_(training.average.change.bias, 0.5)
        training.write()
        shard = Shard(self.folder / "data" / "shard-0000")
        pictures = []
        for retoucher in (None, self.folder / "finished"):
            painter = Painter(CONFIG, self.folder, self.folder / "model", torch.device("cpu"), retoucher)
            pictures.append(painter.generate(shard.images[:2, 0], shard.joints[:2, 0], shard.joints[:2, 1], painter.noise(2), 2))
        self.assertEqual(pictures[1].shape, (2, 3, SIZE, SIZE))
        self.assertGreater(float((pictures[1] - pictures[0]).abs().mean()), 0.01)
        config = {**CONFIG, "name": "toy"}
        write(config, painter.autoencoder, painter.scd, painter.retoucher, self.folder / "export")
        self.assertEqual(json.loads((self.folder / "export" / "retoucher" / "config.json").read_text()), SMALL)
        exported = safetensors.read(self.folder / "export" / "retoucher" / WEIGHTS)
        self.assertEqual(set(exported), set(painter.retoucher.state_dict()))

    def test_resumes_bit_by_bit(self):
        unbroken = self.training("unbroken")
        unbroken.run(self.painted, 5, None)
        first = self.training("broken")
        for step in range(3):
            first.advance(self.painted.make(step, 0))
        first.save()
        second = self.training("broken")
        self.assertEqual(second.step, 3)
        second.run(self.painted, 5, None)
        for part in ("network", "average"):
            a, b = getattr(unbroken, part).state_dict(), getattr(second, part).state_dict()
            self.assertTrue(all(torch.equal(a[name], b[name]) for name in a), part)
        written = safetensors.read(self.folder / "broken" / WEIGHTS)
        self.assertEqual(set(written), set(second.average.state_dict()))


if __name__ == "__main__":
    unittest.main()
