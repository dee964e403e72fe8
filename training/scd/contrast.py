"""Gives a trained model's latents the spread that true ones have, by its last layer alone.

python3 -m scd.contrast --config configs/cpu-256.json --model runs/scd --latents LATENTS --out runs/vivid
What a network is unsure of comes out as a mean, and means lie closer together than what they are means of: each channel
of the latents is flatter than it should be, most of all those that hold fine detail. Here each is measured on training
people, inside the person, and stretched about its mean. Only for schedules that are nearly pure noise: there the
prediction is the clean latents (less their sign), and stretching one stretches the other.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from .batches import Batches, onto
from .model import SCD

MEASURED_BATCHES = 12


class Spread:
    """Mean and deviation of each channel, over weighted cells."""

    def __init__(self):
        self.weight, self.sum, self.squares = 0, 0, 0

    def add(self, latents, cells):
        self.weight = self.weight + cells.sum()
        self.sum = self.sum + (latents * cells).sum((0, 2, 3))
        self.squares = self.squares + (latents.square() * cells).sum((0, 2, 3))

    @property
    def mean(self):
        return self.sum / self.weight

    @property
    def deviation(self):
        return (self.squares / self.weight - self.mean.square()).sqrt()


@torch.no_grad()
def measure(model, batches, count=MEASURED_BATCHES):
    """How far apart the latents lie that the model finds in pure noise, and the true ones."""
    found, true = Spread(), Spread()
    for number in range(count):
        batch = onto(batches.make(number), torch.device("cpu"))
        clean, person = batch["target_latents"], batch["person"]
        kept, _ = model.unet.reference_pass(batch["reference_latents"], model.pose_encoder(batch["reference_skeletons"]))
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(number))
        found.add(model.first_estimate(noise, model.pose_encoder(batch["target_skeletons"]), kept), person)
        true.add(clean, person)
    return found, true


@torch.no_grad()
def stretch(model, found, true, strength=1.0):
    """Changes the model in place; a strength above 1 goes beyond the true spread."""
    if model.scheduler.prediction != "v_prediction":
        raise ValueError("only a v prediction of pure noise is the clean latents")
    factors = (true.deviation / found.deviation) ** strength
    last = model.unet.conv_out
    last.weight *= factors[:, None, None, None]
    last.bias.mul_(factors).sub_((1 - factors) * found.mean)
    return factors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--latents", required=True, nargs="+")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = json.loads(Path(arguments.config).read_text())
    torch.set_num_threads(1)
    model = SCD(config).load(arguments.model)
    settings = config["training"]
    counts = settings["references"], settings["targets"]
    batches = Batches(arguments.latents, config["size"], config["skeleton"], *counts)
    factors = stretch(model, *measure(model, batches), arguments.strength)
    print(f"channels stretched {float(factors.min()):.2f} to {float(factors.max()):.2f} times")
    model.save(arguments.out, np.float32)


if __name__ == "__main__":
    main()
