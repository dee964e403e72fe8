"""Trains the U-Net and the pose encoder on encoded shards.

python3 -m scd.train --config configs/cpu-256.json --latents LATENTS --held-out HELD_OUT_LATENTS --out runs/scd
Stops at --steps or after --minutes; started again, it goes on from its last checkpoint, bit by bit as if it had never
stopped. Runs on WORLD_SIZE processes when they are started with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT set.
"""

import argparse
import copy
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from . import processes
from .batches import Batches, collate, onto
from .correspondence import Guide
from .model import SCD
from .muon import Muon
from .schedule import Pace, learning_rate
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


class Trainer:
    def __init__(self, config, settings, total, device, out):
        self.settings, self.total, self.device, self.out = settings, total, device, Path(out)
        torch.manual_seed(settings["seed"])
        self.model = SCD(config).initialize().to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model).eval()
        self.parameters = list(self.model.parameters())
        self.averaged = list(self.average.parameters())
        self.optimizer = Muon(self.parameters, settings["learning_rate"], bfloat16=settings["bfloat16"])
        self.surprise = None  # of attention, at the place where it should look
        self.step, self.seconds = 0, 0.0
        self.out.mkdir(parents=True, exist_ok=True)
        if (self.out / "checkpoint.pt").exists():
            self.resume()

    def resume(self):
        saved = torch.load(self.out / "checkpoint.pt", map_location=self.device)
        for name in ("model", "average", "optimizer"):
            getattr(self, name).load_state_dict(saved[name])
        self.step, self.seconds, self.total = saved["step"], saved["seconds"], saved["total"]

    def save(self):
        state = {name: getattr(self, name).state_dict() for name in ("model", "average", "optimizer")}
        progress = {"step": self.step, "seconds": self.seconds, "total": self.total}
        torch.save({**state, **progress}, self.out / "checkpoint.part")
        (self.out / "checkpoint.part").replace(self.out / "checkpoint.pt")
        self.average.save(self.out, np.float16)

    def advance(self, batch):
        """One step of the optimiser. Gives the loss."""
        settings = self.settings
        torch.manual_seed(settings["seed"] + 1 + self.step * processes.SIZE + processes.RANK)
        clean = batch["target_latents"]
        shift, count = settings["time_shift"], self.model.scheduler.config["num_train_timesteps"]
        timesteps = draw_timesteps(len(clean), shift, count).to(self.device)
        with_reference = bool(torch.rand(()) >= settings["dropped_references"])
        own = bool(torch.rand(()) < settings["own_estimates"]) and self.step >= settings["own_from"] * self.total
        noise = torch.randn(clean.shape, device=self.device).contiguous(memory_format=torch.channels_last)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, settings, self.total)
        guiding = settings["guidance_of_attention"] * max(0, 1 - self.step / (settings["guided_until"] * self.total))
        guide = Guide(batch["sources"], batch["counts"]) if with_reference and guiding else None
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=settings["bfloat16"]):
            loss = self.model.loss(batch, timesteps, noise, with_reference, settings["person_weight"], own, guide)
        surprise = guide.loss() if guide else torch.zeros(())
        self.step += 1
        keep = min(settings["average"], self.step / (self.step + 15))
        take_step(loss + guiding * surprise, self.optimizer, self.parameters, self.averaged, keep)
        self.surprise = float(surprise) if guide else None
        return float(loss.detach())

    def run(self, batches, probe, minutes, planned_minutes=None):
        started = clock = time.time()
        losses, pace = [], Pace(planned_minutes)
        every, workers = self.settings["evaluate_every"], self.settings["batch_threads"]
        with ThreadPoolExecutor(workers) as pool:
            ahead = [pool.submit(batches.make, self.step + i, processes.RANK) for i in range(workers + 1)]
            while self.step < self.total and not processes.any_says(time.time() > started + minutes * 60):
                batch = onto(ahead.pop(0).result(), self.device)
                ahead.append(pool.submit(batches.make, self.step + workers + 1, processes.RANK))
                losses.append(self.advance(batch))
                self.total = pace.total(self.step, self.total)
                if self.step % every == 0:
                    batches.refresh()
                if processes.RANK == 0 and (self.step % every == 0 or self.step == self.total):
                    self.seconds += time.time() - clock
                    clock = time.time()
                    self.report(float(np.mean(losses)), probe)
                    losses = []
                    self.save()
            for future in ahead:
                future.cancel()
        if processes.RANK == 0:
            self.save()

    def report(self, loss, probe):
        rate = learning_rate(self.step, self.settings, self.total)
        entry = {"step": self.step, "seconds": round(self.seconds), "rate": round(rate, 6), "loss": round(loss, 4)}
        if self.surprise is not None:
            entry["surprise"] = round(self.surprise, 3)
        if probe:
            entry.update(probe(self.average))
        print(json.dumps(entry), flush=True)
        with open(self.out / "log.jsonl", "a") as log:
            log.write(json.dumps(entry) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--latents", required=True, nargs="+")
    parser.add_argument("--held-out")
    parser.add_argument("--out", required=True)
    parser.add_argument("--widths", type=int, nargs="+", help="train a narrower model than the config's, for scd.widen")
    parser.add_argument("--start-from", help="a model's folder (scd.widen's, say) in place of random weights")
    parser.add_argument("--steps", type=int, help="instead of the config's")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop this call after so long")
    parser.add_argument("--planned-minutes", type=float, help="of all calls: sets the steps by the speed found")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    config = json.loads(Path(arguments.config).read_text())
    if arguments.widths:
        config = narrowed(config, arguments.widths)
    settings = config["training"]
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    processes.start()

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
    probe = Probe(batches([arguments.held_out]), device) if watch else None
    trainer.run(batches(arguments.latents), probe, arguments.minutes, arguments.planned_minutes)


if __name__ == "__main__":
    main()
