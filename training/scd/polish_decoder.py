"""Trains a decoder on for what it will be given: half of the batch are the U-Net's latents, half the encoder's.

python3 -m scd.polish_decoder --config configs/cpu-256.json --autoencoder runs/decoder --model runs/scd
    --data DATA --latents LATENTS --out runs/polished
What a U-Net makes is smoother than the truth, and a decoder trained on L1 keeps it so. Where the latents are made, a
critic (scd.critic) also asks that the picture cannot be told from a true one.
"""

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import images, processes, safetensors
from .autoencoder import AutoencoderTiny
from .batches import Batches
from .critic import Adversary
from .data import Shard
from .evaluate import FEW
from .export import WEIGHTS
from .model import SCD
from .schedule import learning_rate
from .train_autoencoder import reconstruction_loss

FILLED_AT_ONCE = 16
WINDOW = 8  # latent cells a side of a training crop


class Pairs:
    """Truths with the latents that the U-Net makes for them and those that the encoder makes of them."""

    def __init__(self, count):
        self.count = count
        self.truths, self.masks, self.encoded, self.made = [], [], [], []

    @torch.no_grad()
    def fill(self, model, batches, data, device):
        """Makes `count` targets: one a person, the first pose as the reference."""
        rng = np.random.default_rng([99, processes.RANK])
        chosen = rng.choice(len(batches.places), self.count, replace=False)
        for part in np.array_split(chosen, -(-self.count // FILLED_AT_ONCE)):
            latents, skeletons = [], []
            for shard, person in [batches.places[i] for i in part]:
                source = Shard(Path(data) / shard.folder.name)
                pose = 1 + int(rng.integers(source.images.shape[1] - 1))
                latents.append(shard.latents[person][[0, pose]].astype(np.float32))
                skeletons.append([batches.draw(joints, rng) for joints in shard.joints[person][[0, pose]]])
                self.truths.append(images.to_tensor(source.images[person, pose][None])[0])
                self.masks.append(torch.from_numpy(source.masks[person, pose] > 127).float())
            references, targets = torch.from_numpy(np.stack(latents)).unbind(1)
            drawn = torch.from_numpy(np.array(skeletons)).permute(1, 0, 4, 2, 3).float().to(device) / 255
            with torch.autocast(device.type, dtype=torch.bfloat16):
                noise = torch.randn(references.shape, device=device)
                made = model.sample(references.to(device), *drawn, noise, FEW)
            self.encoded += targets
            self.made += made.float().cpu()

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
    adversary = Adversary(settings["critic"], device)
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
        judged = step >= settings["critic"]["from"]
        pull = adversary.pull(loss, output, output[:half]) if judged else 0
        optimizer.zero_grad(set_to_none=True)
        (loss + pull).backward()
        processes.average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        told_apart = adversary.learn(image, output[:half])
        keep = min(settings["average"], (step + 1) / (step + 10))
        with torch.no_grad():
            for a, b in zip(average.parameters(), parameters):
                a.lerp_(b, 1 - keep)
        if processes.RANK == 0 and (step + 1) % 20 == 0:
            entry = {"step": step + 1, "seconds": round(time.time() - started), "loss": float(loss), "toldApart": told_apart}
            print(json.dumps(entry), flush=True)
    if processes.RANK == 0:
        autoencoder.decoder = average
        Path(arguments.out).mkdir(parents=True, exist_ok=True)
        safetensors.write(Path(arguments.out) / WEIGHTS, safetensors.from_module(autoencoder))


if __name__ == "__main__":
    main()
