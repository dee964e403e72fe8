"""Trains the autoencoder.

python3 -m scd.train_autoencoder --config configs/cpu-256.json --data DATA --out runs/autoencoder
Runs on WORLD_SIZE processes when they are started with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT set.
"""

import argparse
import copy
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import images, processes, safetensors
from .autoencoder import AutoencoderTiny
from .data import People, crop_around_person
from .schedule import Pace, learning_rate


SQUARES = 2.0

# Without it the encoder outgrows the whitening's slow statistics to drown the noise.
LATENT_PULL = 1e-3


class Whitening(nn.Module):
    """Holds latents near mean 0 and deviation 1 a channel by slow statistics.

    A batch's own statistics would take its brightness and colour from it.
    """

    def __init__(self, channels, momentum=0.005):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, latents):
        return (latents - self.mean[:, None, None]) * self.variance.rsqrt()[:, None, None]

    @torch.no_grad()
    def observe(self, latents, momentum=None):
        momentum = self.momentum if momentum is None else momentum
        self.mean.lerp_(latents.mean((0, 2, 3)), momentum)
        self.variance.lerp_((latents - self.mean[:, None, None]).square().mean((0, 2, 3)), momentum)


class Trained(nn.Module):
    """The autoencoder with whitened, noisy latents; `folded` hides the whitening in the encoder."""

    def __init__(self, config):
        super().__init__()
        self.autoencoder = AutoencoderTiny(config).initialize()
        self.whiten = Whitening(config["latent_channels"])
        self.encoder_fixed = False

    def fix_encoder(self):
        """From now on the latents stay as they are, so that what was trained on them stays valid."""
        self.encoder_fixed = True
        self.autoencoder.encoder.requires_grad_(False)

    def forward(self, image, noise):
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.encoder_fixed):
            raw = self.autoencoder.encoder(image).float()
        if not self.encoder_fixed:
            self.whiten.observe(raw)
        latents = self.whiten(raw)
        return self.autoencoder.decoder(latents + noise * torch.randn_like(latents)), latents

    def folded(self):
        """An AutoencoderTiny that gives whitened latents by itself."""
        folded = copy.deepcopy(self.autoencoder)
        scale = self.whiten.variance.rsqrt()
        last = folded.encoder.layers[-1]
        with torch.no_grad():
            last.weight *= scale[:, None, None, None]
            last.bias.copy_((last.bias - self.whiten.mean) * scale)
        return folded.eval()


def differences(x):
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


def reconstruction_loss(output, image, weight):
    """L1 on pixels, on their gradients and on 4x4 means, and the squares that PSNR counts; `weight` has mean 1."""
    difference = output - image
    loss = ((difference.abs() + SQUARES * difference.square()) * weight).mean()
    for a, b, w in zip(differences(output), differences(image), (weight[..., 1:, :], weight[..., 1:])):
        loss = loss + ((a - b).abs() * w).mean()
    pooled = F.avg_pool2d(output, 4) - F.avg_pool2d(image, 4)
    return loss + 0.5 * (pooled.abs() * F.avg_pool2d(weight, 4)).mean()


def batch_of(people, count, size, rng):
    crops, masks = [], []
    for _ in range(count):
        shard, person = people.locate(rng.integers(len(people)))
        pose = rng.integers(shard.images.shape[1])
        crop, mask = crop_around_person(shard.images[person, pose], shard.masks[person, pose], size, rng)
        if rng.random() < 0.5:
            crop, mask = crop[:, ::-1], mask[:, ::-1]
        crops.append(crop)
        masks.append(mask > 127)
    return images.to_tensor(np.stack(crops)), torch.from_numpy(np.stack(masks))[:, None].float()


@torch.no_grad()
def evaluate(autoencoder, image, mask):
    """PSNR over the whole and inside the person, both of the mean squared error of all images together."""
    output = torch.cat([autoencoder(part).clamp(-1, 1) for part in image.split(10)])
    error = ((output - image) / 2).square().mean(1, keepdim=True)
    return {
        "psnr": float(-10 * error.mean().log10()),
        "psnrPerson": float(-10 * ((error * mask).sum() / mask.sum()).log10()),
        "sharpnessPerson": images.sharpness(output, image, mask),
    }, output


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--data", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, help="instead of the config's")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop this call after so long")
    parser.add_argument("--planned-minutes", type=float, help="of all calls: sets the steps by the speed found")
    parser.add_argument("--decoder-of", help="a finished run whose encoder is kept and whose decoder is trained on")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()

    config = json.loads(Path(arguments.config).read_text())
    settings = config["decoder_training" if arguments.decoder_of else "autoencoder_training"]
    total = arguments.steps or settings["steps"]
    device = torch.device(arguments.device)
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    if device.type == "cpu":
        torch.set_num_threads(1)
    processes.start()
    torch.manual_seed(1)
    model = Trained(config["autoencoder"]).to(device, memory_format=torch.channels_last)
    if arguments.decoder_of:
        before = torch.load(Path(arguments.decoder_of) / "checkpoint.pt", map_location=device)
        model.load_state_dict(before["average"])
        model.fix_encoder()
    average = copy.deepcopy(model)
    parameters = [p for p in model.parameters() if p.requires_grad]
    averaged = [p for p in average.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, settings["learning_rate"], betas=(0.9, 0.98))
    step, seconds = 0, 0.0
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        step, seconds = saved["step"], saved["seconds"]
        total = arguments.steps or saved["total"]

    everyone = People(arguments.data)
    held = everyone.shards[0]
    count = min(settings["held_out"], len(held))
    poses = np.arange(count) % held.images.shape[1]
    held_images = images.to_tensor(held.images[np.arange(count), poses]).to(device)
    held_masks = torch.from_numpy(held.masks[np.arange(count), poses] > 127)[:, None].float().to(device)
    people = People(arguments.data, skip=1)
    if step == 0 and not arguments.decoder_of:
        with torch.no_grad():
            model.whiten.observe(model.autoencoder.encoder(held_images), momentum=1)
    started = clock = time.time()
    losses, pace = [], Pace(arguments.planned_minutes)

    def prepare(step):
        """The batch of a step: a function of its number."""
        stage = next((s for s in settings["stages"] if step < s["until"] * total), settings["stages"][-1])
        return batch_of(people, stage["batch"], stage["crop"], np.random.default_rng([step, processes.RANK]))

    def report():
        """Measures, logs and saves."""
        nonlocal clock, seconds
        figures, output = evaluate(average.folded(), held_images, held_masks)
        seconds += time.time() - clock
        clock = time.time()
        entry = {"step": step, "seconds": round(seconds), "loss": float(np.mean(losses)), **figures}
        losses.clear()
        print(json.dumps(entry), flush=True)
        with open(out / "log.jsonl", "a") as log:
            log.write(json.dumps(entry) + "\n")
        images.sheet([held_images[:10], output[:10]]).save(out / "reconstructions.png")
        state = {"model": model, "average": average, "optimizer": optimizer}
        state = {name: part.state_dict() for name, part in state.items()}
        torch.save({**state, "step": step, "seconds": seconds, "total": total}, out / "checkpoint.part")
        (out / "checkpoint.part").replace(checkpoint)
        safetensors.write(out / "diffusion_pytorch_model.safetensors", safetensors.from_module(average.folded()))

    pool = ThreadPoolExecutor(settings["batch_threads"])
    ahead = [pool.submit(prepare, step + i) for i in range(settings["batch_threads"] + 1)]
    while step < total and not processes.any_says(time.time() > started + arguments.minutes * 60):
        torch.manual_seed(step * processes.SIZE + processes.RANK)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, settings, total)
        image, mask = ahead.pop(0).result()
        ahead.append(pool.submit(prepare, step + len(ahead) + 1))
        image, mask = image.to(device, memory_format=torch.channels_last), mask.to(device)
        weight = 1 + settings["person_weight"] * mask
        weight = weight / weight.mean()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=settings["bfloat16"]):
            output, latents = model(image, settings["latent_noise"])
        loss = reconstruction_loss(output.float(), image, weight) + LATENT_PULL * latents.square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        processes.average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        step += 1
        total = pace.total(step, total)
        losses.append(float(loss))
        keep = min(settings["average"], step / (step + 20))
        with torch.no_grad():
            torch._foreach_mul_(averaged, keep)
            torch._foreach_add_(averaged, parameters, alpha=1 - keep)
            for target, source in zip(average.whiten.buffers(), model.whiten.buffers()):
                target.copy_(source)
        if processes.RANK == 0 and step % settings["evaluate_every"] == 0:
            report()
            people.refresh()
    pool.shutdown(cancel_futures=True)
    if processes.RANK == 0 and losses:
        report()


if __name__ == "__main__":
    main()
