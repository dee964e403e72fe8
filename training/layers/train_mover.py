"""Trains the mover. On a CPU start one process a core (see the README); stopped, it goes on from its last checkpoint.

python3 -m layers.train_mover --config configs/layers-cpu.json --data runs/layers --held-out runs/layers-held-out --out runs/mover
"""
import copy

import numpy as np
import torch
from torch.nn import functional as F

from scd import processes, run, safetensors
from scd.muon import Muon

from .batches import Batches
from .mover import CELL, Mover, places, warp

INPUTS = ("photo", "outline", "skeleton_photo", "skeleton", "limbs", "torso", "whole", "nearness")


def compose(batch, layers, place=None):
    """The picture in [-1, 1] that the layers give over the true place."""
    move, outline, seen, shadow, paint = layers.split([2, 1, 1, 1, 3], 1)
    n, _, h, w = move.shape
    moved = warp(batch["photo"], places(n, h, w) + move)
    person = seen * moved + (1 - seen) * paint
    ground = (batch["place"] + 1) * shadow - 1
    return outline * person + (1 - outline) * ground, moved


def mean_length(difference, weight):
    length = (difference.square().sum(1, keepdim=True) + 1e-6).sqrt()
    return (length * weight).sum() / (weight.sum() + 1)


def losses(batch, sources, layers, logits):
    mask, seen, there = batch["mask"], batch["seen"], batch["there"]
    n, _, h, w = layers.shape
    here = places(n, h, w)
    weight = seen + .25 * (there - seen).clamp(min=0) * mask
    # The three coarser flows are judged a cell, the last one a pixel.
    cells = F.avg_pool2d(weight, CELL)
    truth = F.avg_pool2d(batch["source"] * weight, CELL) / cells.clamp(min=1e-3)
    flow = 0
    for share, source in zip((.2, .3, .4), sources):
        whole = F.interpolate(source, size=cells.shape[2:], mode="bilinear", align_corners=False) if source.shape != truth.shape else source
        flow = flow + share * mean_length(whole - truth, cells)
    flow = flow + mean_length(here + layers[:, :2] - batch["source"], weight)
    found = F.binary_cross_entropy_with_logits(logits[:, :1], mask)
    shows = (F.binary_cross_entropy_with_logits(logits[:, 1:], seen, reduction="none") * (mask > .5)).sum() / ((mask > .5).sum() + 1)
    picture, _ = compose(batch, layers)
    paint = ((layers[:, 5:] - batch["truth"]).abs() * mask).sum() / (3 * mask.sum() + 1)
    shaded = ((batch["place"] - batch["truth"]).abs().mean(1, keepdim=True) > .06).float() * (1 - mask)
    image = ((picture - batch["truth"]).abs() * (4 * mask + .2 + 2 * shaded)).mean()
    return {"flow": 10 * flow, "outline": 2 * found, "seen": .5 * shows, "paint": .4 * paint, "image": 2 * image}


@torch.no_grad()
def figures(model, held):
    """What the log says of the weights: flow error on visible pixels (of the picture's side), overlaps, PSNR in the person."""
    rows = {"flowError": [], "seenIoU": [], "outlineIoU": [], "psnrPerson": []}
    for batch in held:
        _, layers, _ = model(*(batch[name] for name in INPUTS))
        n, _, h, w = layers.shape
        seen, mask = batch["seen"], (batch["mask"] > .5).float()
        length = (places(n, h, w) + layers[:, :2] - batch["source"]).square().sum(1, keepdim=True).sqrt()
        rows["flowError"].append(float((length * seen).sum() / seen.sum()))
        for name, index, truth, where in (("seenIoU", 3, seen, mask), ("outlineIoU", 2, mask, 1)):
            said = (layers[:, index:index + 1] > .5).float() * where
            both, either = (said * truth * where).sum((1, 2, 3)), ((said + truth * where) > .5).float().sum((1, 2, 3))
            rows[name] += (both / either.clamp(min=1)).tolist()
        picture, _ = compose(batch, layers)
        error = (((picture - batch["truth"]) / 2).square().mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))
        rows["psnrPerson"] += (-10 * torch.log10(error + 1e-9)).tolist()
    return {name: round(float(np.mean(values)), 4) for name, values in rows.items()}


class Training(run.Run):
    def __init__(self, config, data, held_out, out, device):
        super().__init__(config["mover_training"], out, device)
        settings = self.settings
        torch.manual_seed(3)
        self.model = Mover(config["mover"]).initialize().to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model)
        self.optimizer = Muon(self.model.parameters(), settings["learning_rate"], weight_decay=.01, bfloat16=True) \
            if settings["optimizer"] == "muon" else torch.optim.AdamW(self.model.parameters(), settings["learning_rate"], betas=(.9, .99), weight_decay=.01)
        self.batches = Batches(data, settings["batch"])
        held = Batches(held_out, 20, varied=False)
        self.held = [held.make(i) for i in range(settings["held_out"])] if processes.RANK == 0 else []
        self.keep(model=self.model, average=self.average, optimizer=self.optimizer)

    def advance(self, batch):
        self.set_learning_rate(self.optimizer)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings["bfloat16"]):
            sources, layers, logits = self.model(*(batch[name] for name in INPUTS))
        parts = losses(batch, sources, layers, logits)
        self.optimizer.zero_grad(set_to_none=True)
        sum(parts.values()).backward()
        processes.average_gradients(list(self.model.parameters()))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.)
        self.optimizer.step()
        self.step += 1
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.model.parameters()):
                kept.lerp_(new, 1 - self.share_kept())
        return {name: float(value.detach()) for name, value in parts.items()}

    def watch(self):
        self.average.eval()
        return figures(self.average, self.held)

    def write(self):
        safetensors.write(self.out / "diffusion_pytorch_model.safetensors", safetensors.from_module(self.average))


def main():
    parser = run.command_line(__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--held-out", required=True)
    parser.add_argument("--steps", type=int, help="of all calls, in place of the config's: the rate falls towards them")
    arguments = parser.parse_args()
    config, device = run.begin(arguments)
    training = Training(config, arguments.data, arguments.held_out, arguments.out, device)
    training.total = arguments.steps or training.total
    training.run(training.batches, arguments.minutes, arguments.planned_minutes)


if __name__ == "__main__":
    main()
