"""Measures a model on held-out people and clips, beside baselines and controls.

python3 -m scd.evaluate --config configs/cpu-256.json --autoencoder runs/polished --model runs/polished
    --retoucher runs/retouched --data HELD_OUT --out runs/evaluation
Without --retoucher frames are as the decoder makes them.
Of each person the first pose is the reference and one other the target, in turn. Noise comes from fixed seeds.
Writes figures.json and sheet.png (reference, skeleton, 25 steps, 4 steps, truth).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from people.heldout import still_pixels
from people.joints import draw_skeleton

from . import images, metrics, safetensors
from .autoencoder import AutoencoderTiny
from .data import Shard
from .export import WEIGHTS
from .guides import guides
from .model import SCD
from .retoucher import Retoucher
from .warp import middles, warp_limbs

MANY, FEW = 25, 4
WRONG = 7  # the control takes the reference (or the pose) of the person this many places on
SHEET_SEED, SHEET_PEOPLE = 2024, 8
BATCH = 20


class Model:
    """Weights on a device, from photos and joints to images."""

    def __init__(self, config, autoencoder, model, device, retoucher=None):
        self.config, self.device = config, device
        layout = {"device": device, "memory_format": torch.channels_last}
        self.autoencoder = safetensors.into_module(AutoencoderTiny(config["autoencoder"]), Path(autoencoder) / WEIGHTS)
        self.autoencoder = self.autoencoder.to(**layout).eval()
        self.scd = SCD(config).load(model).to(**layout).eval()
        self.retoucher = None
        if retoucher:
            self.retoucher = safetensors.into_module(Retoucher(config["retoucher"]), Path(retoucher) / WEIGHTS)
            self.retoucher = self.retoucher.to(**layout).eval()

    @torch.no_grad()
    def in_parts(self, function, *inputs):
        """Applies a function to `BATCH` images at a time."""
        parts = [function(*(t.to(self.device) for t in rows)).cpu() for rows in zip(*(i.split(BATCH) for i in inputs))]
        return torch.cat(parts)

    def encode(self, pictures):
        return self.in_parts(self.autoencoder.encoder, pictures)

    def decode(self, latents):
        """As pixels: rounded to 256 levels, like everything that is compared."""
        decoded = self.in_parts(self.autoencoder.decoder, latents)
        return images.to_tensor(images.to_pixels(decoded))

    def skeletons(self, joints):
        style, size = self.config["skeleton"], self.config["size"]
        drawn = [draw_skeleton(pose, size, size, style["limbWidth"], style["jointRadius"]) for pose in joints]
        return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).float() / 255

    def noise(self, count, seed=3):
        """The same for every call of one size."""
        side = self.config["size"] // 2 ** (len(self.config["autoencoder"]["num_decoder_blocks"]) - 1)
        shape = count, self.config["autoencoder"]["latent_channels"], side, side
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    def generate(self, photos, reference_joints, target_joints, noise, steps, guidance=1.0):
        """`photos`: uint8 (n, height, width, 3)."""

        def sample(reference, reference_skeletons, skeletons, start):
            return self.scd.sample(reference, reference_skeletons, skeletons, start, steps, guidance)

        skeletons = self.skeletons(reference_joints), self.skeletons(target_joints)
        photo = images.to_tensor(photos)
        frames = self.decode(self.in_parts(sample, self.encode(photo), *skeletons, noise))
        return self.retouch(frames, photo, photos, reference_joints, target_joints) if self.retoucher else frames

    def retouch(self, frames, photo, photos, reference_joints, target_joints):
        places = middles(*photos.shape[1:3])
        rows = [guides(*row, places) for row in zip(photos, target_joints, reference_joints)]
        torso, limbs, near = (torch.from_numpy(np.stack(each)).permute(0, 3, 1, 2).float() for each in zip(*rows))
        retouched = self.in_parts(self.retoucher, frames, photo, torso / 127.5 - 1, limbs / 127.5 - 1, near)
        return images.to_tensor(images.to_pixels(retouched))


def person_means(found, truth, mask):
    """Means over the images of every measure."""
    sharp = metrics.sharpness(found, mask) / metrics.sharpness(truth, mask)
    return {
        "psnr": float(metrics.psnr(found, truth).mean()),
        "psnrPerson": float(metrics.psnr(found, truth, mask).mean()),
        "ssim": float(metrics.ssim(found, truth).mean()),
        "l1": float(metrics.l1(found, truth).mean()),
        "l1Person": float(metrics.l1(found, truth, mask).mean()),
        "sharpness": float(sharp.mean()),
    }


def evaluate_pairs(model, shard, count, guidance):
    people = np.arange(count)
    poses = 1 + people % (shard.images.shape[1] - 1)
    references, truths = shard.images[people, 0], shard.images[people, poses]
    reference_joints, joints = shard.joints[people, 0], shard.joints[people, poses]
    truth = images.to_tensor(truths)
    mask = torch.from_numpy(shard.masks[people, poses] > 127)[:, None].float()
    noise = model.noise(count)
    warped = np.stack([warp_limbs(*pair) for pair in zip(references, reference_joints, joints)]).round()
    other_pose = shard.joints[people, 1 + (people + 2) % (shard.images.shape[1] - 1)]

    def generated(steps):
        return model.generate(references, reference_joints, joints, noise, steps, guidance)

    candidates = {
        "reference copied": images.to_tensor(references),
        "reference warped": images.to_tensor(warped.astype(np.uint8)),
        "autoencoder": model.decode(model.encode(truth)),
        f"{MANY} steps": generated(MANY),
        f"{FEW} steps": generated(FEW),
        "wrong reference": model.generate(
            np.roll(references, WRONG, 0), np.roll(reference_joints, WRONG, 0), joints, noise, MANY, guidance
        ),
        "wrong pose": model.generate(references, reference_joints, other_pose, noise, MANY, guidance),
    }
    table = {name: person_means(found, truth, mask) for name, found in candidates.items()}
    chosen = np.sort(np.random.default_rng(SHEET_SEED).choice(count, min(SHEET_PEOPLE, count), replace=False))
    skeletons = model.skeletons(joints) * 2 - 1
    columns = [images.to_tensor(references), skeletons, candidates[f"{MANY} steps"], candidates[f"{FEW} steps"], truth]
    return table, images.sheet([torch.stack([column[i] for column in columns]) for i in chosen])


def evaluate_clips(model, clips, count, guidance):
    """Flicker of each clip's still background; one noise for all frames of a clip."""
    values = []
    for i in range(min(count, len(clips["references"]))):
        frames = len(clips["joints"][i])
        noise = model.noise(1).expand(frames, -1, -1, -1)
        photos, reference_joints = (np.repeat(clips[name][i : i + 1], frames, 0) for name in ("references", "reference_joints"))
        made = model.generate(photos, reference_joints, clips["joints"][i], noise, FEW, guidance)
        still = torch.from_numpy(still_pixels(clips["frames"][i], clips["masks"][i]) > 127)[None, None].float()
        values.append(metrics.flicker(made, still))
    return float(np.mean(values))


def summary(table):
    many, few = table[f"{MANY} steps"], table[f"{FEW} steps"]
    return {
        "psnrPersonGain": many["psnrPerson"] - table["reference copied"]["psnrPerson"],
        "psnrPersonGainOverWarp": many["psnrPerson"] - table["reference warped"]["psnrPerson"],
        "ssim": many["ssim"],
        "sharpness": many["sharpness"],
        "autoencoderPsnrPerson": table["autoencoder"]["psnrPerson"],
        "fewStepLoss": many["psnrPerson"] - few["psnrPerson"],
        "fewStepSharpness": few["sharpness"] / many["sharpness"],
        "wrongReferenceCost": many["psnrPerson"] - table["wrong reference"]["psnrPerson"],
        "wrongPoseCost": many["psnrPerson"] - table["wrong pose"]["psnrPerson"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--autoencoder", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--retoucher")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    config = json.loads(Path(arguments.config).read_text())
    guidance = config["defaults"]["guidance"] if arguments.guidance is None else arguments.guidance
    model = Model(config, arguments.autoencoder, arguments.model, torch.device(arguments.device), arguments.retoucher)
    shard = Shard(Path(arguments.data) / "shard-0000")
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)

    table, sheet = evaluate_pairs(model, shard, min(arguments.people, len(shard)), guidance)
    figures = summary(table)
    if arguments.clips:
        figures["flicker"] = evaluate_clips(model, np.load(Path(arguments.data) / "clips.npz"), arguments.clips, guidance)
    sheet.save(out / "sheet.png")
    (out / "figures.json").write_text(json.dumps({"figures": figures, "table": table}, indent=2) + "\n")
    for name, row in table.items():
        print(name.ljust(18), "  ".join(f"{measure} {value:.3f}" for measure, value in row.items()))
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
