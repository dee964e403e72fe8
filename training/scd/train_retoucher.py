"""Trains the retoucher (scd.retoucher) on frames that a finished model has painted (scd.paint).

python3 -m scd.train_retoucher --config configs/cpu-256.json --data DATA --painted runs/painted --out runs/retouched
On windows of the pictures: their error, and a critic (scd.critic) that asks for a picture that cannot be told from a true
one. Only people whose poses share a background: a photo's background is where it was.
Started again, it goes on from its last checkpoint. Runs on several processes as scd.train does.
"""

import copy
from pathlib import Path

import numpy as np
import torch

from people.joints import draw_skeleton

from . import processes, safetensors
from .critic import Adversary
from .data import Shard
from .export import WEIGHTS
from .guides import guides
from .retoucher import INPUTS, Retoucher
from .run import Run, begin, command_line
from .step import take_step
from .train_autoencoder import reconstruction_loss
from .warp import NOSE, middles


class Painted:
    """Painted pairs beside the pictures that they should have been."""

    def __init__(self, data, painted, config):
        self.size, self.skeleton, self.settings = config["size"], config["skeleton"], config["retouching"]
        self.data, self.painted = Path(data), Path(painted)
        self.places, self.shards, self.known = [], [], set()
        self.refresh()

    def refresh(self):
        """Takes in the shards that were finished meanwhile."""
        for folder in sorted(self.painted.glob("shard-????")):
            if folder in self.known:
                continue
            self.known.add(folder)
            shard = Shard(self.data / folder.name)
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("frames", "poses", "joints")}
            people, pairs = arrays["poses"].shape[:2]
            shared = [p for p in range(people) if shard.meta[p]["sharedBackground"]]
            self.places += [(len(self.shards), person, pair) for person in shared for pair in range(pairs)]
            self.shards.append((shard, arrays))

    def window(self, mask, left, nose, rng):
        """Around some of the person; for shares of them around the face, around what the person has left, and anywhere."""
        side = self.settings["window"]
        shares = [self.settings[name] for name in ("faces", "left", "anywhere")]
        kind = int(np.searchsorted(np.cumsum(shares), rng.random(), "right"))
        rows, columns = np.nonzero((left if kind == 1 else mask)[::4, ::4])
        if kind == 0 and nose[2]:
            middle = nose[1], nose[0]
        elif kind == 2 or not len(rows):
            middle = rng.integers(self.size, size=2)
        else:
            pick = rng.integers(len(rows))
            middle = 4 * rows[pick], 4 * columns[pick]
        shift = side // 2 + rng.integers(-side // 3, side // 3, size=2)
        top, left = (int(np.clip(m - s, 0, self.size - side)) for m, s in zip(middle, shift))
        return slice(top, top + side), slice(left, left + side)

    def row(self, place, rng):
        shard, arrays = self.shards[place[0]]
        person, pair = place[1:]
        reference, target = arrays["poses"][person, pair]
        # Copies: a map of a file is slow to take single places from.
        joints = np.array(arrays["joints"][person, pair])
        was, mask = (np.array(shard.masks[person, pose]) > 127 for pose in (reference, target))
        left = was & ~mask
        window = self.window(mask, left, joints[1, NOSE], rng)
        photo, style = np.array(shard.images[person, reference]), self.skeleton
        torso, limbs, near = guides(photo, joints[1], joints[0], middles(self.size, self.size)[window])
        skeleton = draw_skeleton(joints[1], self.size, self.size, style["limbWidth"], style["jointRadius"])
        pictures = {
            "frame": arrays["frames"][person, pair][window],
            "photo": photo[window],
            "torso": torso,
            "limbs": limbs,
            "truth": shard.images[person, target][window],
        }
        row = {name: picture.astype(np.float32) / 127.5 - 1 for name, picture in pictures.items()}
        row = self.recoloured(row, rng)
        row.update(nearness=near, skeleton=skeleton[window] / 255)
        row.update(mask=mask[window][..., None], left=left[window][..., None])
        return {name: values[:, ::-1] for name, values in row.items()} if rng.random() < 0.5 else row

    def recoloured(self, pictures, rng):
        """Other colours for all alike; and the frame's a little off, as they are with photos unlike the training's."""
        order, gain, lift = rng.permutation(3), rng.uniform(0.75, 1.05), rng.normal(size=3) * 0.08
        if rng.random() < 0.5:
            order = np.arange(3)
        pictures = {name: (picture[..., order] * gain + lift).clip(-1, 1) for name, picture in pictures.items()}
        off = self.settings["colours_off"]
        wrong = pictures["frame"] * rng.normal(1, off, size=3) + rng.normal(0, off, size=3)
        return {**pictures, "frame": wrong.clip(-1, 1)}

    def make(self, *number):
        rng = np.random.default_rng(number)
        chosen = rng.choice(len(self.places), self.settings["batch"], replace=False)
        return collate([self.row(self.places[i], rng) for i in chosen])


def collate(rows):
    stacked = {name: np.stack([row[name] for row in rows]).astype(np.float32) for name in rows[0]}
    return {
        name: torch.from_numpy(values).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        for name, values in stacked.items()
    }


class Training(Run):
    def __init__(self, config, out, device):
        super().__init__(config["retouching"], out, device)
        torch.manual_seed(11)
        self.network = Retoucher(config["retoucher"]).initialize().to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        self.parameters, self.averaged = list(self.network.parameters()), list(self.average.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, self.settings["learning_rate"], betas=(0.9, 0.99))
        self.adversary = Adversary(self.settings["critic"], device, self.settings["bfloat16"])
        critic = {"critic": self.adversary.critic, "critic_optimizer": self.adversary.optimizer}
        self.keep(network=self.network, average=self.average, optimizer=self.optimizer, **critic)

    def write(self):
        safetensors.write(self.out / WEIGHTS, safetensors.from_module(self.average))

    def advance(self, batch):
        settings = self.settings
        torch.manual_seed(self.step * processes.SIZE + processes.RANK)
        batch = {name: tensor.to(self.device, non_blocking=True) for name, tensor in batch.items()}
        self.set_learning_rate(self.optimizer)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=settings["bfloat16"]):
            output = self.network(*(batch[name] for name in INPUTS))
        # What the person has left shows at once where the photo shines through.
        weight = 1 + settings["person_weight"] * torch.maximum(batch["mask"], batch["left"])
        loss = reconstruction_loss(output, batch["truth"], weight / weight.mean())
        pull = self.adversary.pull(loss, output, batch["truth"], batch["skeleton"], batch["mask"])
        self.step += 1
        take_step(loss + pull, self.optimizer, self.parameters, self.averaged, self.share_kept())
        return {"loss": float(loss), "toldApart": self.adversary.told_apart}


def main():
    parser = command_line(__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--painted", required=True)
    arguments = parser.parse_args()
    config, device = begin(arguments)
    training = Training(config, arguments.out, device)
    training.run(Painted(arguments.data, arguments.painted, config), arguments.minutes, arguments.planned_minutes)


if __name__ == "__main__":
    main()
