"""Polishes the whole: U-Net, pose encoder and decoder are trained on together, on the pictures that they give.

python3 -m scd.polish --config configs/cpu-256.json --autoencoder runs/decoder --model runs/scd
    --data DATA --latents LATENTS --out runs/polished
What training leaves unsure comes out as a blur: a blur is the least error. Here the U-Net's estimate of the clean latents
is decoded, and a critic (scd.critic) asks for a picture that cannot be told from a true one. The encoder stays as it is.
The decoder learns too if a part of every batch (`encoded`) are the encoder's own latents, so that the autoencoder stays
one; without them it stays as it is.
Started again, it goes on from its last checkpoint. Runs on several processes as scd.train does.
"""

import copy
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import images, processes, safetensors
from .autoencoder import AutoencoderTiny
from .batches import Batches, collate, onto
from .critic import Adversary
from .data import Shard
from .export import WEIGHTS
from .model import SCD
from .muon import Muon
from .run import Run, begin, command_line
from .step import take_step
from .train_autoencoder import reconstruction_loss
from .warp import NOSE


class PictureBatches(Batches):
    """Batches with a window of each target's picture, somewhere on the person, and for a share of them on the face."""

    def __init__(self, folder, data, config):
        settings = config["polishing"]
        self.data, self.pictures = Path(data), {}
        self.window, self.faces = settings["window"], settings["faces"]
        counts = settings["references"], settings["targets"], settings["unmoved"]
        super().__init__([folder], config["size"], config["skeleton"], *counts)

    def row(self, shard, person, poses, rng=None):
        row = super().row(shard, person, poses, rng)
        if shard.folder.name not in self.pictures:
            self.pictures[shard.folder.name] = Shard(self.data / shard.folder.name)
        pictures = self.pictures[shard.folder.name]
        cells = row["person"].shape[-1]
        cell = self.size // cells
        columns = {"corners": [], "truths": [], "masks": []}
        for pose, covered, joints in zip(poses[1:], row["person"], row["joints"][1:]):
            middle = self.middle(covered, joints[NOSE] / (cell, cell, 1), rng)
            top, left = (int(np.clip(m - rng.integers(self.window), 0, cells - self.window)) for m in middle)
            window = tuple(slice(start * cell, (start + self.window) * cell) for start in (top, left))
            picture, mask = pictures.images[person, pose], pictures.masks[person, pose]
            if row["mirrored"]:
                picture, mask = picture[:, ::-1], mask[:, ::-1]
            columns["corners"].append((top, left))
            columns["truths"].append(picture[window])
            columns["masks"].append(mask[window] > 127)
        return {**row, **columns}

    def middle(self, covered, nose, rng):
        """Row and column of the cell that a window lies around; the nose is given in cells."""
        x, y, seen = nose
        if rng.random() < self.faces and seen and 0 <= min(x, y) and max(x, y) < len(covered):
            return int(y), int(x)
        rows, places = np.nonzero(covered > 0.2)
        if not len(rows):
            return len(covered) // 2, len(covered) // 2
        pick = rng.integers(len(rows))
        return rows[pick], places[pick]

    def make(self, *number):
        rows = self.rows(number)
        flat = {name: [item for row in rows for item in row[name]] for name in ("corners", "truths", "masks")}
        pictures = images.to_tensor(np.stack(flat["truths"]))
        masks = torch.from_numpy(np.stack(flat["masks"])).float()[:, None]
        return {**collate(rows), "truths": pictures, "masks": masks}, flat["corners"]


def windows(tensor, corners, side, cell=1):
    """What lies in each picture's window of `side` latent cells; `cell` is the tensor's pixels a latent cell."""
    side = side * cell
    cut = [t[:, y * cell : y * cell + side, x * cell : x * cell + side] for t, (y, x) in zip(tensor, corners)]
    return torch.stack(cut).contiguous(memory_format=torch.channels_last)


def weighted_error(pictures, truths, weight):
    return reconstruction_loss(pictures, truths, weight / weight.mean())


class Polisher(Run):
    def __init__(self, config, autoencoder, model, out, device):
        super().__init__(config["polishing"], out, device)
        torch.manual_seed(7)
        layout = {"device": device, "memory_format": torch.channels_last}
        self.autoencoder = safetensors.into_module(AutoencoderTiny(config["autoencoder"]), Path(autoencoder) / WEIGHTS)
        self.autoencoder.to(**layout)
        self.networks = nn.ModuleDict({"scd": SCD(config).load(model), "decoder": self.autoencoder.decoder}).to(**layout)
        self.average = copy.deepcopy(self.networks).eval()
        if not self.settings["encoded"]:
            self.networks["decoder"].requires_grad_(False)
        pairs = zip(self.networks.parameters(), self.average.parameters())
        self.parameters, self.averaged = zip(*[pair for pair in pairs if pair[0].requires_grad])
        self.optimizer = Muon(self.parameters, self.settings["learning_rate"], bfloat16=self.settings["bfloat16"])
        self.adversary = Adversary(self.settings["critic"], device, self.settings["bfloat16"])
        critic = {"critic": self.adversary.critic, "critic_optimizer": self.adversary.optimizer}
        self.keep(networks=self.networks, average=self.average, optimizer=self.optimizer, **critic)

    def write(self):
        self.average["scd"].save(self.out, np.float32)
        decoder = {f"decoder.{name}": array for name, array in safetensors.from_module(self.average["decoder"]).items()}
        safetensors.write(self.out / WEIGHTS, {**safetensors.from_module(self.autoencoder), **decoder})

    def estimate(self, batch):
        """The clean latents as the U-Net finds them at some noise, or from what it has made of that noise itself."""
        scd, settings = self.networks["scd"], self.settings
        clean, scheduler = batch["target_latents"], scd.scheduler
        features = scd.pose_encoder(torch.cat([batch["target_skeletons"], batch["reference_skeletons"]]))
        pose, reference_pose = features.split([len(clean), len(batch["reference_latents"])])
        with_reference = bool(torch.rand(()) >= settings["dropped_references"])
        kept = scd.unet.reference_pass(batch["reference_latents"], reference_pose)[0] if with_reference else None
        noise = torch.randn(clean.shape, device=self.device).contiguous(memory_format=torch.channels_last)
        count = scheduler.config["num_train_timesteps"]
        timesteps = (torch.rand(len(clean), device=self.device) * count).long()
        if torch.rand(()) < settings["own_estimates"]:
            shown = scd.first_estimate(noise, pose, kept)
            # Only where little noise is left does it show what lies beneath.
            timesteps = (timesteps * settings["own_below"]).long()
        else:
            shown = clean
        noisy = scheduler.add_noise(shown, noise, timesteps)
        output = scd.unet.target_pass(noisy, timesteps, pose, kept)
        return scheduler.clean_and_noise(output.float(), noisy, timesteps)[0]

    def advance(self, batch_and_corners):
        batch, corners = batch_and_corners
        settings, decoder = self.settings, self.networks["decoder"]
        torch.manual_seed(settings["seed"] + self.step * processes.SIZE + processes.RANK)
        batch = onto(batch, self.device)
        clean, truths = batch["target_latents"], batch["truths"]
        encoded = settings["encoded"]
        side = settings["window"]
        cell = truths.shape[-1] // side
        self.set_learning_rate(self.optimizer)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=settings["bfloat16"]):
            found = self.estimate(batch)
            shown = windows(found, corners, side)
            if encoded:
                true_latents = windows(clean, corners, side)[:encoded]
                shown = torch.cat([shown, true_latents + settings["latent_noise"] * torch.randn_like(true_latents)])
            output = decoder(shown).float()
        of_person = 1 + settings["person_weight"] * batch["masks"]
        counts = F.interpolate(windows(batch["counts"], corners, side), scale_factor=cell)
        made, decoded = output.split([len(truths), encoded])
        loss = weighted_error(made, truths, of_person * counts)
        if encoded:
            loss = loss + weighted_error(decoded, truths[:encoded], of_person[:encoded])
        cells = (1 + settings["person_weight"] * batch["person"]) * batch["counts"]
        of_latents = ((found - clean).square() * cells).mean() / cells.mean()
        skeletons = windows(batch["target_skeletons"], corners, side, cell)
        pull = self.adversary.pull(loss, output, truths, skeletons, batch["masks"])
        judged = self.step >= settings["critic"]["from"]
        asked = loss + settings["latents_weight"] * of_latents + (pull if judged else 0)
        self.step += 1
        take_step(asked, self.optimizer, self.parameters, self.averaged, self.share_kept())
        return {"loss": float(loss), "latents": float(of_latents), "toldApart": self.adversary.told_apart}


def main():
    parser = command_line(__doc__)
    parser.add_argument("--autoencoder", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--latents", required=True)
    arguments = parser.parse_args()
    config, device = begin(arguments)
    polisher = Polisher(config, arguments.autoencoder, arguments.model, arguments.out, device)
    batches = PictureBatches(arguments.latents, arguments.data, config)
    polisher.run(batches, arguments.minutes, arguments.planned_minutes)


if __name__ == "__main__":
    main()
