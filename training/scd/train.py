"""Trains the U-Net and the pose encoder on encoded shards.

python3 -m scd.train --config configs/cpu-256.json --latents LATENTS --held-out HELD_OUT_LATENTS --out runs/scd
Stops at --steps or after --minutes; started again, it goes on from its last checkpoint, bit by bit as if it had never
stopped. Runs on WORLD_SIZE processes when they are started with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT set.
"""

import copy

import numpy as np
import torch

from . import processes
from .batches import Batches, collate, onto
from .correspondence import Guide
from .model import SCD
from .muon import Muon
from .run import Run, begin, command_line
from .step import take_step
from .widen import narrowed

PROBED_TIMESTEPS = (200, 500, 800, 980)
PROBED_PEOPLE = 24


def draw_timesteps(count, shift, train_timesteps):
    """Spread evenly over the batch, then moved towards high noise, where pose and layout are learnt."""
    even = (torch.arange(count) + torch.rand(count)) / count
    moved = shift * even / (1 + (shift - 1) * even)
    return (moved * train_timesteps).long().clamp(0, train_timesteps - 1)[torch.randperm(count)]


class Probe:
    """The error on fixed people, time steps and noise: what a run is watched by."""

    def __init__(self, batches, device):
        places = batches.places[:PROBED_PEOPLE]
        rows = [batches.row(shard, person, np.array([0, 1 + i % 5])) for i, (shard, person) in enumerate(places)]
        self.batch = onto(collate(rows), device)
        generator = torch.Generator().manual_seed(1)
        self.noise = torch.randn(self.batch["target_latents"].shape, generator=generator).to(device)

    @torch.no_grad()
    def __call__(self, model):
        """Mean squared error of the clean latents found at each time step, over all and over the person's cells."""
        batch = self.batch
        clean, person = batch["target_latents"], batch["person"]
        reference_pose = model.pose_encoder(batch["reference_skeletons"])
        pose = model.pose_encoder(batch["target_skeletons"])
        kept, _ = model.unet.reference_pass(batch["reference_latents"], reference_pose)
        figures = {}
        for timestep in PROBED_TIMESTEPS:
            at = torch.full((len(clean),), timestep, device=clean.device)
            noisy = model.scheduler.add_noise(clean, self.noise, at)
            output = model.unet.target_pass(noisy, at, pose, kept)
            found, _ = model.scheduler.clean_and_noise(output, noisy, at)
            error = (found - clean).square().mean(1, keepdim=True)
            inside = (error * person).sum() / person.sum()
            figures[f"t{timestep}"] = [round(float(error.mean()), 4), round(float(inside), 4)]
        return figures


class Trainer(Run):
    def __init__(self, config, settings, total, device, out):
        super().__init__({**settings, "steps": total}, out, device)
        torch.manual_seed(settings["seed"])
        self.model = SCD(config).initialize().to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model).eval()
        self.parameters = list(self.model.parameters())
        self.averaged = list(self.average.parameters())
        self.optimizer = Muon(self.parameters, settings["learning_rate"], bfloat16=settings["bfloat16"])
        self.probe = None
        self.keep(model=self.model, average=self.average, optimizer=self.optimizer)

    def write(self):
        self.average.save(self.out, np.float16)

    def watch(self):
        return self.probe(self.average) if self.probe else {}

    def advance(self, batch):
        settings = self.settings
        batch = onto(batch, self.device)
        torch.manual_seed(settings["seed"] + 1 + self.step * processes.SIZE + processes.RANK)
        clean = batch["target_latents"]
        shift, count = settings["time_shift"], self.model.scheduler.config["num_train_timesteps"]
        timesteps = draw_timesteps(len(clean), shift, count).to(self.device)
        with_reference = bool(torch.rand(()) >= settings["dropped_references"])
        own = bool(torch.rand(()) < settings["own_estimates"]) and self.step >= settings["own_from"] * self.total
        noise = torch.randn(clean.shape, device=self.device).contiguous(memory_format=torch.channels_last)
        self.set_learning_rate(self.optimizer)
        guiding = settings["guidance_of_attention"] * max(0, 1 - self.step / (settings["guided_until"] * self.total))
        guide = Guide(batch["sources"], batch["counts"]) if with_reference and guiding else None
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=settings["bfloat16"]):
            loss = self.model.loss(batch, timesteps, noise, with_reference, settings["person_weight"], own, guide)
        surprise = guide.loss() if guide else torch.zeros(())
        self.step += 1
        take_step(loss + guiding * surprise, self.optimizer, self.parameters, self.averaged, self.share_kept())
        # Of attention, at the place where it should look.
        watched = {"surprise": float(surprise)} if guide else {}
        return {"loss": float(loss.detach()), **watched}


def main():
    parser = command_line(__doc__)
    parser.add_argument("--latents", required=True, nargs="+")
    parser.add_argument("--held-out")
    parser.add_argument("--widths", type=int, nargs="+", help="train a narrower model than the config's, for scd.widen")
    parser.add_argument("--start-from", help="a model's folder (scd.widen's, say) in place of random weights")
    parser.add_argument("--steps", type=int, help="instead of the config's")
    arguments = parser.parse_args()
    config, device = begin(arguments)
    if arguments.widths:
        config = narrowed(config, arguments.widths)
    settings = config["training"]

    def batches(folders):
        counts = settings["references"], settings["targets"], settings["unmoved"]
        return Batches(folders, config["size"], config["skeleton"], *counts)

    trainer = Trainer(config, settings, settings["steps"], device, arguments.out)
    if arguments.start_from and trainer.step == 0:
        trainer.model.load(arguments.start_from)
        trainer.average.load(arguments.start_from)
    if arguments.steps:
        trainer.total = arguments.steps
    watch = arguments.held_out and processes.RANK == 0
    trainer.probe = Probe(batches([arguments.held_out]), device) if watch else None
    trainer.run(batches(arguments.latents), arguments.minutes, arguments.planned_minutes)


if __name__ == "__main__":
    main()
