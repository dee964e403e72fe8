"""Trains a decoder on for what it will be given: half of the batch are the U-Net's latents, half the encoder's.

python3 -m scd.polish_decoder --config configs/cpu-256.json --autoencoder runs/decoder --model runs/scd
    --data DATA --latents LATENTS --out runs/polished
What a U-Net makes is smoother than the truth, and a decoder trained on L1 keeps it so. Where the latents are made, the
loss also asks for as much contrast from pixel to pixel as the truth has nearby, wherever exactly it lies.
"""

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import images, processes, safetensors
from .autoencoder import AutoencoderTiny
from .batches import Batches
from .data import Shard
from .evaluate import FEW
from .export import WEIGHTS
from .model import SCD
from .schedule import learning_rate
from .train_autoencoder import reconstruction_loss

WINDOW = 8  # latent cells a side of a training crop


def contrast_loss(output, image, weight, reach=16):
    """How far the mean gradient magnitude around each place is from the truth's."""
    found, true = images.gradient_magnitude(output), images.gradient_magnitude(image)
    gap = F.avg_pool2d(found, reach, reach // 2) - F.avg_pool2d(true, reach, reach // 2)
    return (gap.abs() * F.avg_pool2d(weight[..., 1:-1, 1:-1], reach, reach // 2)).mean()


class Pairs:
    """Truths with the latents that the U-Net makes for them and those that the encoder makes of them."""

    def __init__(self, count):
        self.count = count
        self.truths, self.masks, self.encoded, self.made = [], [], [], []

    @torch.no_grad()
    def fill(self, model, batches, data, device):
        """Makes `count` targets: one a person, the first pose as the reference."""
        rng = np.random.default_rng([99, processes.RANK])
        for shard, person in [batches.places[i] for i in rng.choice(len(batches.places), self.count, replace=False)]:
            source = Shard(Path(data) / shard.folder.name)
            pose = 1 + int(rng.integers(source.images.shape[1] - 1))
            latents = torch.from_numpy(shard.latents[person][[0, pose]].astype(np.float32)).to(device)
            drawn = np.stack([batches.draw(joints, rng) for joints in shard.joints[person][[0, pose]]])
            skeletons = torch.from_numpy(drawn).permute(0, 3, 1, 2).float().to(device) / 255
            noise = torch.randn(latents[:1].shape, device=device)
            with torch.autocast(device.type, dtype=torch.bfloat16):
                made = model.sample(latents[:1], skeletons[:1], skeletons[1:], noise, FEW)
            self.truths.append(images.to_tensor(source.images[person, pose][None])[0])
            self.masks.append(torch.from_numpy(source.masks[person, pose] > 127).float())
            self.encoded.append(latents[1].cpu())
            self.made.append(made[0].float().cpu())

    def batch(self, size, rng):
        """`size` windows with made latents and `size` with encoded ones: latents, images, masks, and which are made."""
        rows = []
        for made in [True] * size + [False] * size:
            i = rng.integers(self.count)
            latents = (self.made if made else self.encoded)[i]
            cell = self.truths[i].shape[-1] // latents.shape[-1]
            top, left = rng.integers(0, latents.shape[-1] - WINDOW + 1, 2)
            window = slice(top, top + WINDOW), slice(left, left + WINDOW)
            pixels = slice(top * cell, (top + WINDOW) * cell), slice(left * cell, (left + WINDOW) * cell)
            rows.append((latents[(..., *window)], self.truths[i][(..., *pixels)], self.masks[i][pixels][None]))
        return [torch.stack(column) for column in zip(*rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--autoencoder", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--latents", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    config = json.loads(Path(arguments.config).read_text())
    settings = config["polishing"]
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    processes.start()
    torch.manual_seed(7 + processes.RANK)
    layout = {"device": device, "memory_format": torch.channels_last}
    autoencoder = safetensors.into_module(AutoencoderTiny(config["autoencoder"]), Path(arguments.autoencoder) / WEIGHTS)
    decoder = autoencoder.decoder.to(**layout)
    average = copy.deepcopy(decoder)
    batches = Batches([arguments.latents], config["size"], config["skeleton"], 1, 1)
    pairs = Pairs(settings["people"])
    started = time.time()
    pairs.fill(SCD(config).load(arguments.model).to(**layout).eval(), batches, arguments.data, device)
    print(f"made {pairs.count} targets in {time.time() - started:.0f} s", flush=True)

    parameters = list(decoder.parameters())
    optimizer = torch.optim.Adam(parameters, settings["learning_rate"], betas=(0.9, 0.98))
    half = settings["batch"]
    for step in range(settings["steps"]):
        latents, image, mask = (t.to(**layout) for t in pairs.batch(half, np.random.default_rng([step, processes.RANK])))
        weight = 1 + settings["person_weight"] * mask
        weight = weight / weight.mean()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, settings, settings["steps"])
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=settings["bfloat16"]):
            output = decoder(latents + settings["latent_noise"] * torch.randn_like(latents))
        output = output.float()
        loss = reconstruction_loss(output, image, weight)
        contrast = contrast_loss(output[:half], image[:half], weight[:half])
        optimizer.zero_grad(set_to_none=True)
        (loss + settings["contrast_weight"] * contrast).backward()
        processes.average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        keep = min(settings["average"], (step + 1) / (step + 10))
        with torch.no_grad():
            for a, b in zip(average.parameters(), parameters):
                a.lerp_(b, 1 - keep)
        if processes.RANK == 0 and (step + 1) % 20 == 0:
            entry = {"step": step + 1, "seconds": round(time.time() - started), "loss": float(loss), "contrast": float(contrast)}
            print(json.dumps(entry), flush=True)
    if processes.RANK == 0:
        autoencoder.decoder = average
        Path(arguments.out).mkdir(parents=True, exist_ok=True)
        safetensors.write(Path(arguments.out) / WEIGHTS, safetensors.from_module(autoencoder))


if __name__ == "__main__":
    main()
