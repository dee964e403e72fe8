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

from . import images, metrics
from .data import Shard
from .painter import Painter
from .warp import warp_limbs

MANY, FEW = 25, 4
WRONG = 7  # the control takes the reference (or the pose) of the person this many places on
SHEET_SEED, SHEET_PEOPLE = 2024, 8


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
    model = Painter(config, arguments.autoencoder, arguments.model, torch.device(arguments.device), arguments.retoucher)
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
