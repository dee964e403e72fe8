"""Trains the parser (tryon.parser) on rendered people and garments (tryon.shards).

python3 -m tryon.train_parser --config configs/tryon.json --data runs/dressed --held-out runs/dressed-held-out --out runs/parser
Cross entropy of what pixels show, with Dice over the classes so that small ones count, and of the joints' places. It begins
on pictures of half the size, at a quarter of the work, and ends after the config's minutes, however many steps those were.
Started again, it goes on from its last checkpoint.
"""

import copy
import time

import torch
from torch.nn import functional as F

from scd import safetensors
from scd.export import WEIGHTS
from scd.run import Run, begin, command_line
from scd.step import take_step

from .batches import Pictures
from .evaluate_parser import measure
from .parser import INPUTS, JOINTS, Parser, full_size

SPREAD = 1.2  # of a joint, in cells


def dice(logits, labels, classes):
    """1 less the overlap of each class that the batch shows."""
    shares, truth = logits.softmax(1), F.one_hot(labels, classes).permute(0, 3, 1, 2).float()
    both, either, shown = (shares * truth).sum((0, 2, 3)), (shares + truth).sum((0, 2, 3)), truth.sum((0, 2, 3)) > 20
    return (1 - (2 * both + 1) / (either + 1))[shown].mean()


def joints_loss(logits, joints):
    """Cross entropy over the cells, for joints inside the picture; a spot a little wider than a cell is the truth."""
    n, count, height, width = logits.shape
    places, shown = joints[:, JOINTS, :2] / 4, joints[:, JOINTS, 2] > 0
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    away = (x - places[..., 0, None, None]).square() + (y - places[..., 1, None, None]).square()
    truth = torch.softmax(-away.flatten(2) / (2 * SPREAD**2), 2)
    each = -(truth * F.log_softmax(logits.flatten(2), 2)).sum(2)
    return (each * shown).sum() / shown.sum().clamp(min=1)


class Training(Run):
    def __init__(self, config, out, device, batches, held_out):
        super().__init__({**config["parsing"], "steps": 10**9}, out, device)
        self.batches = batches
        torch.manual_seed(11)
        self.held_out = held_out
        self.network = Parser(config["parser"]).initialize().to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        self.parameters, self.averaged = list(self.network.parameters()), list(self.average.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, self.settings["learning_rate"], betas=(0.9, 0.99))
        self.weights = torch.tensor(self.settings["class_weights"], device=device)
        self.keep(network=self.network, average=self.average, optimizer=self.optimizer)

    def write(self):
        safetensors.write(self.out / WEIGHTS, safetensors.from_module(self.average))

    def watch(self):
        every = self.settings["evaluate_every"] * 8
        return measure(self.average, self.held_out, count=45) if self.step % every == 0 else {}

    def advance(self, batch):
        settings = self.settings
        share = (self.seconds + time.time() - self.clock) / (60 * settings["minutes"])
        self.total = self.step + 1 if share >= 1 else max(self.step + 2, int(self.step / max(share, 0.01)))
        self.batches.side = self.batches.config["size"] // (2 if share < settings["half_size_until"] else 1)
        self.set_learning_rate(self.optimizer)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=settings["bfloat16"]):
            logits, spots = self.network(*(batch[name] for name in INPUTS))
        logits, spots = full_size(logits.float()), spots.float()
        shown = F.cross_entropy(logits, batch["labels"], self.weights)
        overlap, joints = dice(logits, batch["labels"], len(self.weights)), joints_loss(spots, batch["joints"])
        self.step += 1
        loss = shown + settings["dice"] * overlap + settings["joints"] * joints
        take_step(loss, self.optimizer, self.parameters, self.averaged, self.share_kept())
        return {"loss": float(loss), "shown": float(shown), "dice": float(overlap), "joints": float(joints)}


def main():
    parser = command_line(__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--held-out", required=True)
    arguments = parser.parse_args()
    config, device = begin(arguments)
    batches = Pictures(arguments.data, config)
    training = Training(config, arguments.out, device, batches, Pictures(arguments.held_out, config))
    training.run(batches, arguments.minutes, arguments.planned_minutes)


if __name__ == "__main__":
    main()
