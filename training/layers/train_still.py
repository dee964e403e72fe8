"""Trains what looks at the photo once: the matte (--network matte) or the plate (--network plate).

python3 -m layers.train_still --network plate --config configs/layers-cpu.json --data runs/layers --held-out runs/layers-held-out --out runs/plate
The matte wants people with soft masks: people.shards --soft --height 512 --width 512 --poses 3.
"""
import copy
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from scd import processes, run, safetensors
from scd.muon import Muon

from . import pictures
from .matte import Matte
from .plate import Plate, filled

NETWORKS = {"matte": Matte, "plate": Plate}
BAND = 9  # pixels around an outline in which a matte is judged


def wider(mask, pixels):
    """A mask (n, 1, H, W) grown by so many pixels."""
    return F.max_pool2d(mask, 2 * pixels + 1, 1, pixels)


def band(mask):
    """Where a matte is not plain: around the outline."""
    return ((wider(mask, BAND // 2) - (1 - wider(1 - mask, BAND // 2))) > .02).float()


def softly(mask, pixels):
    """A mask whose edge falls off over some pixels."""
    for _ in range(2):
        mask = F.avg_pool2d(mask, 2 * pixels + 1, 1, pixels, count_include_pad=False)
    return mask


class People:
    """Pictures with masks, one by one."""

    def __init__(self, folder, network, batch, window, varied):
        self.folder, self.network, self.batch, self.window, self.varied = Path(folder), network, batch, window, varied
        self.shards = {}
        self.refresh()

    def refresh(self):
        names = ["images", "masks"] + (["empty"] if self.network == "plate" else [])
        for path in sorted(self.folder.glob("shard-????")):
            if path not in self.shards:
                self.shards[path] = {name: np.load(path / f"{name}.npy", mmap_mode="r") for name in names}
        self.places = [(shard, i) for shard in self.shards.values() for i in range(len(shard["images"]))]

    def row(self, rng):
        shard, person = self.places[rng.integers(len(self.places))]
        pose = int(rng.integers(shard["images"].shape[1]))
        sides = [shard["images"][person, pose], shard["masks"][person, pose][..., None].repeat(3, -1)]
        if self.network == "plate":
            sides.append(shard["empty"][person])
        sides = np.stack(sides).astype(np.float32) / 255
        H, W = sides.shape[1:3]
        window = self.window
        if self.network == "matte" and (not self.varied or rng.random() < .5) and H == 2 * window:  # whole people, half as large
            sides = sides.reshape(len(sides), H // 2, 2, W // 2, 2, 3).mean((2, 4))
            H, W = sides.shape[1:3]
        if H > window:
            rows, columns = np.nonzero(sides[1, ::8, ::8, 0] > .5)
            pick = rng.integers(len(rows)) if len(rows) else None
            y, x = (rows[pick] * 8, columns[pick] * 8) if pick is not None else (H // 2, W // 2)
            top, left = (int(np.clip(v - rng.integers(window), 0, H - window)) for v in (y, x))
            sides = sides[:, top:top + window, left:left + window]
        if rng.random() < .5:
            sides = sides[:, :, ::-1]
        if self.varied:
            change = pictures.palette(rng)
            sides = np.stack([change(s) if i != 1 else s for i, s in enumerate(sides)])
            sides[0] = pictures.worn(np.ascontiguousarray(sides[0]), rng) if self.network == "matte" else sides[0]
        outline = pictures.rough_outline(np.ascontiguousarray(sides[1, ..., 0]), rng)
        return sides, outline

    def make(self, number, rank=0):
        rng = np.random.default_rng([number, rank, 23])
        rows = [self.row(rng) for _ in range(self.batch)]
        planes = torch.from_numpy(np.stack([sides for sides, _ in rows])).permute(0, 1, 4, 2, 3)
        batch = {"photo": planes[:, 0] * 2 - 1, "mask": planes[:, 1, :1], "outline": torch.from_numpy(np.stack([o for _, o in rows]))[:, None]}
        if self.network == "plate":
            batch["place"] = planes[:, 2] * 2 - 1
            # In use the hole is a matte made a little wider; here the true mask, wider or narrower than it should be.
            grown = wider(batch["mask"], int(rng.integers(1, 5)))
            batch["hole"] = softly(grown, 1).clamp(0, 1)
        return {name: tensor.contiguous() for name, tensor in batch.items()}


def psnr(error, where):
    return -10 * torch.log10((error.square().mean(1, keepdim=True) * where).sum((1, 2, 3)) / where.sum((1, 2, 3)).clamp(min=1) / 4 + 1e-9)


class Training(run.Run):
    def __init__(self, network, config, data, held_out, out, device):
        super().__init__(config[f"{network}_training"], out, device)
        settings, self.network = self.settings, network
        torch.manual_seed(4)
        self.model = NETWORKS[network](config[network]).initialize().to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model)
        self.optimizer = Muon(self.model.parameters(), settings["learning_rate"], weight_decay=.01, bfloat16=True)
        self.batches = People(data, network, settings["batch"], settings["window"], True)
        held = People(held_out, network, 12, settings["window"], False)
        self.held = [held.make(i) for i in range(settings["held_out"])] if processes.RANK == 0 else []
        self.keep(model=self.model, average=self.average, optimizer=self.optimizer)

    def painted(self, model, batch):
        base = filled(batch["photo"], batch["hole"])
        return base, base + model(base, batch["hole"])

    def losses(self, batch):
        if self.network == "matte":
            logits = self.model.logits(batch["photo"], batch["outline"])
            said = torch.sigmoid(logits)
            weight = 1 + 6 * band(batch["mask"])
            cross = F.binary_cross_entropy_with_logits(logits, batch["mask"], weight)
            return {"cross": cross, "error": 2 * ((said - batch["mask"]).abs() * weight).mean()}
        _, plate = self.painted(self.model, batch)
        error = (plate - batch["place"]).abs()
        inside = (batch["hole"] > .5).float()
        edges = sum((d(plate) - d(batch["place"])).abs().mean() for d in (lambda x: x[..., 1:] - x[..., :-1], lambda x: x[..., 1:, :] - x[..., :-1, :]))
        return {"hole": 3 * (error * inside).sum() / (3 * inside.sum() + 1), "around": (error * (1 - inside)).mean() * 4, "edges": edges}

    def advance(self, batch):
        self.set_learning_rate(self.optimizer)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings["bfloat16"]):
            parts = self.losses(batch)
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

    @torch.no_grad()
    def watch(self):
        rows = {}
        for batch in self.held:
            if self.network == "matte":
                where = band(batch["mask"])
                for name, said in (("matteError", self.average(batch["photo"], batch["outline"])), ("roughError", batch["outline"])):
                    rows.setdefault(name, []).append(float(((said - batch["mask"]).abs() * where).sum() / where.sum()))
            else:
                base, plate = self.painted(self.average, batch)
                inside = (batch["hole"] > .5).float()
                for name, said in (("platePsnr", plate), ("filledPsnr", base)):
                    rows.setdefault(name, []).append(float(psnr(said.clamp(-1, 1) - batch["place"], inside).mean()))
                    rows.setdefault(name.replace("Psnr", "Around"), []).append(float(psnr(said.clamp(-1, 1) - batch["place"], 1 - inside).mean()))
        return {name: round(float(np.mean(values)), 4) for name, values in rows.items()}

    def write(self):
        safetensors.write(self.out / "diffusion_pytorch_model.safetensors", safetensors.from_module(self.average))


def main():
    parser = run.command_line(__doc__)
    parser.add_argument("--network", choices=NETWORKS, required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--held-out", required=True)
    parser.add_argument("--steps", type=int, help="of all calls, in place of the config's: the rate falls towards them")
    arguments = parser.parse_args()
    config, device = run.begin(arguments)
    training = Training(arguments.network, config, arguments.data, arguments.held_out, arguments.out, device)
    training.total = arguments.steps or training.total
    training.run(training.batches, arguments.minutes, arguments.planned_minutes)


if __name__ == "__main__":
    main()
