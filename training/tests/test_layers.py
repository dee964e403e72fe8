"""Correspondence on known geometry, and trainings that resume bit by bit."""
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from layers.batches import SIZE, Batches, of_whole
from layers.mover import Mover, places, warp
from layers.plate import filled
from layers.train_mover import INPUTS
from layers.train_mover import Training as MoverTraining
from layers.train_still import Training as StillTraining
from people import scene
from people.correspondence import HIDDEN, NOBODY, SEEN, Surfaces, empty_place
from people.pose import INDEX, neutral
from people.render import render

from .box_person import BoxPerson

SETTINGS = {"steps": 4, "batch": 2, "window": 64, "learning_rate": 1e-3, "warmup_steps": 1, "decay_part": .5, "average": .9,
            "bfloat16": False, "batch_threads": 1, "held_out": 1, "evaluate_every": 2}
CONFIG = {"mover": {"block_out_channels": [8, 8, 8]}, "mover_training": SETTINGS,
          "plate": {"block_out_channels": [8, 8], "layers_per_block": [1, 1], "last_channels": 4}, "plate_training": SETTINGS,
          "matte": {"block_out_channels": [8, 8], "layers_per_block": [1, 1], "last_channels": 4}, "matte_training": SETTINGS}
H = 2 * SIZE


def stage_of(rng, person):
    view = scene.random_view(rng, person.body.height, H, H, "full")
    return scene.Stage(scene.random_setting(rng, view, "studio"), view, H, H)


def scene_of(seed=2):
    rng = np.random.default_rng(seed)
    person = BoxPerson()
    stage = stage_of(rng, person)
    poses = [neutral(), neutral()]
    poses[1][:] += rng.normal(0, .05, len(poses[1]))
    shots = []
    for pose in poses:
        image, mask, joints = render(person, pose, stage)
        shots.append((image, mask, joints, Surfaces(person, stage)))
    return stage, shots


class TestCorrespondence(unittest.TestCase):
    def test_a_pose_corresponds_to_itself_pixel_by_pixel(self):
        _, [(_, mask, _, surfaces), _] = scene_of()
        sources, seen = surfaces.sources(surfaces)
        y, x = np.mgrid[0:surfaces.H, 0:surfaces.W] + .5
        person = seen != NOBODY
        self.assertGreater(person.sum(), 200)
        for axis, truth in ((0, x), (1, y)):
            away = np.abs(sources[..., axis] - truth)[person]
            self.assertLess(away.mean(), .01)
            self.assertLess(away.max(), .5)  # slivers of triangles seen from their edge, in float32
        self.assertEqual((seen[person] == SEEN).mean(), 1)
        half = mask.reshape(surfaces.H, 2, surfaces.W, 2).mean((1, 3)) > 127
        self.assertGreater((half == person).mean(), .99)

    def test_a_joint_comes_from_where_the_other_pose_has_it(self):
        _, [first, second] = scene_of()
        sources, seen = second[3].sources(first[3])
        for joint in (3, 6, 9, 12):  # elbows and knees: a little beneath the surface that shows
            x, y = (second[2][joint, :2] / 2).astype(int)
            if seen[y, x] == NOBODY:
                continue
            self.assertLess(np.hypot(*(sources[y, x] - first[2][joint, :2] / 2)), 5)

    def test_what_lies_behind_the_body_is_hidden(self):
        """Turned right round, a body shows its back, which the other picture does not show."""
        rng = np.random.default_rng(3)
        person = BoxPerson()
        stage = stage_of(rng, person)
        surfaces = []
        for heading in (0, np.pi):
            pose = neutral()
            pose[INDEX["heading"]] = heading
            render(person, pose, stage)
            surfaces.append(Surfaces(person, stage))
        _, seen = surfaces[1].sources(surfaces[0])
        person_there = seen != NOBODY
        self.assertGreater((seen[person_there] == HIDDEN).mean(), .6)

    def test_the_empty_place_is_what_frames_show_beside_the_person(self):
        stage, [(image, mask, _, _), _] = scene_of()
        empty = empty_place(stage)
        far = np.zeros(mask.shape, bool)
        far[:40] = True  # above everybody, where no shadow falls
        self.assertLessEqual(np.abs(image.astype(int) - empty)[far & (mask == 0)].max(), 1)


class TestPlaces(unittest.TestCase):
    def test_the_body_as_one_piece_follows_shift_turn_and_size(self):
        rng = np.random.default_rng(1)
        reference = np.concatenate([rng.uniform(20, 100, (18, 2)), np.ones((18, 1))], 1)
        turn = 1.3 * np.exp(.4j)
        moved = turn * (reference[:, 0] + 1j * reference[:, 1]) + (5 - 3j)
        target = np.stack([moved.real, moved.imag, np.ones(18)], 1)
        found = of_whole(target, reference, moved)
        self.assertLess(np.abs(found - (reference[:, 0] + 1j * reference[:, 1])).max(), 1e-6)

    def test_reading_at_ones_own_place_changes_nothing(self):
        x = torch.randn(2, 3, 12, 20)
        self.assertLess(float((warp(x, places(2, 12, 20)) - x).abs().max()), 1e-5)

    def test_a_filled_hole_keeps_its_surroundings_and_takes_their_colour(self):
        photo = torch.full((1, 3, 64, 64), .25)
        hole = torch.zeros(1, 1, 64, 64)
        hole[:, :, 20:50, 10:40] = 1
        photo = photo * (1 - hole) + 9 * hole
        self.assertLess(float((filled(photo, hole) - .25).abs().max()), 1e-5)


class WithData(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        stage, shots = scene_of()
        images, masks, joints, surfaces = zip(*shots)
        traced = [[target.sources(reference) for target in surfaces] for reference in surfaces]
        arrays = dict(images=np.stack(images), masks=np.stack(masks), joints=np.stack(joints), empty=empty_place(stage),
                      flows=np.array([[s / SIZE for s, _ in row] for row in traced], np.float16), seen=np.array([[s for _, s in row] for row in traced]))
        (self.folder / "data" / "shard-0000").mkdir(parents=True)
        for name, array in arrays.items():
            np.save(self.folder / "data" / "shard-0000" / f"{name}.npy", array[None])
        (self.folder / "data" / "shard-0000" / "meta.json").write_text(json.dumps([{}]))

    def resumed(self, name, make):
        """The weights after a run of four steps, and after one stopped in the middle."""
        weights = []
        for kind, stops in (("whole", [4]), ("halved", [2, 4])):
            out = self.folder / f"{name}-{kind}"
            for stop in stops:
                training = make(out)
                while training.step < stop:
                    training.advance(training.batches.make(training.step))
                training.save()
            weights.append((out / "diffusion_pytorch_model.safetensors").read_bytes())
        return weights

    def test_all_trainings_resume_bit_by_bit(self):
        data, device = self.folder / "data", torch.device("cpu")
        makes = {"mover": lambda out: MoverTraining(CONFIG, data, data, out, device)}
        for network in ("plate", "matte"):
            makes[network] = lambda out, n=network: StillTraining(n, CONFIG, data, data, out, device)
        for name, make in makes.items():
            whole, halved = self.resumed(name, make)
            self.assertEqual(whole, halved, name)

    def test_a_mirrored_sample_has_mirrored_truth(self):
        """Pixel by pixel, flow and visibility of mirrored pictures are the mirrored ones."""
        batches = Batches(self.folder / "data", 1, varied=False)
        shard, person = batches.places[0]
        rows, windows = batches.row(shard, person, 0, 1, np.random.default_rng(0))
        plain = batches.windowed([(rows, windows)], np.random.default_rng(0))
        turned = {name: array[:, ::-1] if array.ndim == 3 and name not in ("limbs", "torso", "whole", "nearness") else array for name, array in rows.items()}
        turned["flow"] = turned["flow"] * np.array([-1, 1], np.float32) + np.array([1, 0], np.float32)
        mirrored = batches.windowed([(turned, windows)], np.random.default_rng(0))
        for name in ("seen", "mask", "truth"):
            self.assertLess(float((mirrored[name].flip(3) - plain[name]).abs().max()), 1e-4)
        seen = plain["seen"] > .5
        x = (1 - mirrored["source"][:, :1]).flip(3)
        self.assertLess(float((x - plain["source"][:, :1])[seen].abs().max()), 2e-3)

    def test_an_untrained_mover_already_gives_whole_pictures(self):
        batch = Batches(self.folder / "data", 2, varied=False).make(0)
        sources, layers, _ = Mover(CONFIG["mover"]).initialize()(*(batch[name] for name in INPUTS))
        self.assertEqual(layers.shape, (2, 8, SIZE, SIZE))
        self.assertTrue(torch.isfinite(layers).all())
        self.assertEqual([s.shape[2] for s in sources], [SIZE // 16, SIZE // 8, SIZE // 4])


if __name__ == "__main__":
    unittest.main()
