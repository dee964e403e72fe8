"""Trains ways of seeing the reference side by side and writes their table: the paper's ablation at our scale.

python3 -m scd.ablations --data runs/data --held-out runs/held-out --out runs/ablations [--minutes 9] [--seeds 2]
Every row starts from the same U-Net, which has learnt to paint people without any reference, and sees the same batches,
time steps and noise. May be stopped and called again: finished rows stay, the row in hand goes on. `--table FILE` says
where the table goes; it is written from what is finished.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from . import images, metrics, safetensors
from .autoencoder import AutoencoderTiny
from .batches import Batches, collate, onto
from .data import Shard
from .encode import person_shares
from .run import Run
from .step import take_step
from .train import draw_timesteps
from .variants import Variant

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "training" / "configs" / "ablations"
MEASURES = ("psnr", "psnrPerson", "ssim", "l1")


def autoencoder_of(pack):
    """A finished pack's, whose parts lie in a file each."""
    pack = Path(pack)
    config = json.loads((pack / "pack.json").read_text())["configs"]["autoencoder"]
    module = AutoencoderTiny(config)
    stored = {**safetensors.read(pack / "encoder.safetensors"), **safetensors.read(pack / "decoder.safetensors")}
    module.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in stored.items()})
    return module.eval()


@torch.no_grad()
def encode(autoencoder, data, out, size, most):
    """Shards of larger pictures as latents of `size` x `size`, as scd.batches reads them; finished ones stay."""
    for folder in sorted(Path(data).glob("shard-????"))[:most]:
        if (out / folder.name).exists():
            continue
        shard = Shard(folder)
        people, poses, height = shard.images.shape[:3]
        factor = height // size
        pictures = images.to_tensor(shard.images.reshape(-1, *shard.images.shape[2:]))
        latents = torch.cat([autoencoder.encoder(part) for part in F.avg_pool2d(pictures, factor).split(20)])
        joints = np.array(shard.joints)
        joints[..., :2] /= factor
        shares = person_shares(shard.masks.reshape(-1, *shard.masks.shape[2:]), height // latents.shape[-1])
        part = out / (folder.name + ".part")
        part.mkdir(parents=True, exist_ok=True)
        for name, array in (("latents", latents.numpy().astype(np.float16)), ("person", shares)):
            np.save(part / f"{name}.npy", array.reshape(people, poses, *array.shape[1:]))
        np.save(part / "joints.npy", joints)
        # What does not say otherwise shows every person before one background.
        (part / "meta.json").write_text(json.dumps([{"sharedBackground": True, **entry} for entry in shard.meta]))
        part.rename(out / folder.name)


class Ablation(Run):
    def __init__(self, config, row, seed, out, base=None):
        settings = {**config["ablation"], "steps": config["ablation"]["steps" if base else "base_steps"]}
        super().__init__(settings, out, torch.device("cpu"))
        torch.manual_seed(seed)
        self.seed, self.row = seed, row
        self.model, self.average = Variant(config, row), Variant(config, row).eval()
        if base:
            self.model.start_from(base, row)
        self.average.load_state_dict(self.model.state_dict())
        self.parameters, self.averaged = list(self.model.parameters()), list(self.average.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, settings["learning_rate"], betas=(0.9, 0.99))
        self.keep(model=self.model, average=self.average, optimizer=self.optimizer)

    def write(self):
        pass

    def advance(self, batch):
        settings, batch = self.settings, onto(batch, self.device)
        torch.manual_seed(1000 * self.seed + self.step)
        clean = batch["target_latents"]
        timesteps = draw_timesteps(len(clean), 1, self.model.scheduler.config["num_train_timesteps"])
        self.set_learning_rate(self.optimizer)
        loss = self.model.loss(batch, timesteps, torch.randn(clean.shape), settings["person_weight"])
        self.step += 1
        take_step(loss, self.optimizer, self.parameters, self.averaged, self.share_kept())
        return {"loss": float(loss.detach())}


@torch.no_grad()
def evaluate(model, autoencoder, batches, count, steps):
    """Of held-out people in another pose, against the truth through the same autoencoder."""
    figures = {name: [] for name in MEASURES}
    for number, (shard, person) in enumerate(batches.places[:count]):
        poses = np.array([0, 1 + number % (shard.latents.shape[1] - 1)])
        batch = onto(collate([batches.row(shard, person, poses)]), torch.device("cpu"))
        noise = torch.randn(batch["target_latents"].shape, generator=torch.Generator().manual_seed(number))
        found = autoencoder.decoder(model.sample(batch, noise, steps)).clamp(-1, 1)
        truth = autoencoder.decoder(batch["target_latents"]).clamp(-1, 1)
        mask = (F.interpolate(batch["person"], found.shape[-2:]) > 0).float()
        for name, value in zip(MEASURES, (metrics.psnr(found, truth), metrics.psnr(found, truth, mask), metrics.ssim(found, truth), metrics.l1(found, truth))):
            figures[name].append(float(value))
    return {name: float(np.mean(values)) for name, values in figures.items()}


def table(out, rows, config, seeds):
    """What is finished, as Markdown: means over the seeds and, of two or more, how far apart they lie."""
    settings = config["ablation"]
    head = f"{config['size']}x{config['size']}, {settings['base_steps']} steps without a reference and then {settings['steps']} with one, {settings['references']} samples a step, {settings['people']} held-out people, truth through the same autoencoder."
    lines = ["| | " + " | ".join(MEASURES) + " | seeds |", "| --- " * (len(MEASURES) + 2) + "|"]
    for index, row in enumerate(rows):
        paths = [out / f"seed-{seed}" / f"row-{index}" / "figures.json" for seed in range(seeds)]
        found = [json.loads(path.read_text()) for path in paths if path.exists()]
        if not found:
            continue
        cells = []
        for name in MEASURES:
            values = [figures[name] for figures in found]
            spread = f" ({max(values) - min(values):.3f})" if len(values) > 1 else ""
            cells.append(f"{np.mean(values):.3f}{spread}")
        lines.append(f"| {row['title']} | " + " | ".join(cells) + f" | {len(found)} |")
    return f"{head}\n\n" + "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default=CONFIGS / "cpu-128.json")
    parser.add_argument("--pack", default=ROOT / "public" / "packs" / "default")
    parser.add_argument("--data", required=True)
    parser.add_argument("--held-out", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--shards", type=int, default=1000, help="at most so many of the data's")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop this call after so long")
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config, rows = json.loads(Path(arguments.config).read_text()), json.loads((CONFIGS / "rows.json").read_text())
    run(config, rows, autoencoder_of(arguments.pack), arguments)


def run(config, rows, autoencoder, arguments):
    end, out, settings = time.time() + 60 * arguments.minutes, arguments.out, config["ablation"]
    folders = []
    for name, data, most in (("latents", arguments.data, arguments.shards), ("held-out-latents", arguments.held_out, 1000)):
        encode(autoencoder, data, out / name, config["size"], most)
        counts = settings["references"], settings["targets"], settings["unmoved"]
        folders.append(Batches([out / name], config["size"], config["skeleton"], *counts))
    train, held_out = folders
    for seed in range(arguments.seeds):
        base = Ablation(config, {"reference": None}, seed, out / f"seed-{seed}" / "base")
        base.run(train, (end - time.time()) / 60, None)
        for index, row in enumerate(rows if base.step == base.total else []):
            folder = out / f"seed-{seed}" / f"row-{index}"
            if time.time() > end:
                break
            if (folder / "figures.json").exists():
                continue
            ablation = Ablation(config, row, seed, folder, base.average)
            ablation.run(train, (end - time.time()) / 60, None)
            if ablation.step == ablation.total:
                figures = evaluate(ablation.average, autoencoder, held_out, settings["people"], settings["sampled_steps"])
                (folder / "figures.json").write_text(json.dumps(figures) + "\n")
                print(row["title"], figures, flush=True)
    if arguments.table:
        arguments.table.write_text(table(out, rows, config, arguments.seeds))


if __name__ == "__main__":
    main()
