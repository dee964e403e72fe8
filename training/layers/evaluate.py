"""How good composed pictures are, on people that training never saw: the layers alone, over the plate they make.

python3 -m layers.evaluate --config configs/layers-cpu.json --layers runs --held-out runs/layers-held-out [--sheet PNG]
Pictures at the size of the data, poses as MediaPipe would report them; where the photo shows nothing, the mover's own paint.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from scd import safetensors
from scd.metrics import psnr, sharpness, ssim

from .batches import SIZE, Batches
from .matte import Matte
from .mover import Mover, places, warp
from .pictures import rough_outline
from .plate import Plate, filled
from .train_still import softly, wider

WEIGHTS = "diffusion_pytorch_model.safetensors"


def scaled(x, size):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def plate_of(plate, photo, matte):
    hole = softly(wider((matte > .1).float(), 4), 2).clamp(0, 1)
    base = filled(photo, hole)
    # Around the hole the photo stays as it is.
    return base + hole * plate(base, hole)


def composed(photo, matte, plate, layers):
    """The picture at the photo's size."""
    size = photo.shape[2:]
    layers = scaled(layers, size)
    move, outline, seen, shadow, paint = layers.split([2, 1, 1, 1, 3], 1)
    source = places(len(photo), *size) + move
    person = seen * warp(photo, source) + (1 - seen) * paint
    # The matte decides the edge where the photo shows the person; well inside the outline nothing is transparent.
    edge, inside = ((outline - .5) * 3 + .5).clamp(0, 1), ((outline - .8) * 5).clamp(0, 1)
    alpha = torch.maximum(inside, edge * (seen * warp(matte, source) + 1 - seen))
    return alpha * person + (1 - alpha) * ((plate + 1) * shadow - 1)


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--layers", required=True)
    parser.add_argument("--held-out", required=True)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--sheet")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config, folder = json.loads(Path(arguments.config).read_text()), Path(arguments.layers)
    nets = {name: safetensors.into_module(kind(config[name]), folder / name / WEIGHTS)
            for name, kind in (("mover", Mover), ("matte", Matte), ("plate", Plate)) if (folder / name / WEIGHTS).exists()}
    batches, rng, rows, sheet = Batches(arguments.held_out, 1, varied=False), np.random.default_rng(5), [], []
    for shard, person in batches.places[: arguments.people]:
        arrays, windows = batches.row(shard, person, 0, 1 + len(rows) % 5, rng)
        batch = batches.windowed([(arrays, windows)], rng)
        whole = lambda name: torch.from_numpy(np.ascontiguousarray(arrays[name][:, :, :3])).permute(2, 0, 1)[None].float() * 2 - 1  # noqa: E731
        photo, truth = whole("photo"), whole("truth")
        outline = torch.from_numpy(rough_outline(arrays["photo_mask"][..., 0], rng))[None, None]
        matte = nets["matte"](photo, outline) if "matte" in nets else outline
        plate = plate_of(nets["plate"], photo, matte) if "plate" in nets else whole("place")
        batch["outline"] = scaled(matte, (SIZE, SIZE))
        _, layers, _ = nets["mover"](*(batch[name] for name in ("photo", "outline", "skeleton_photo", "skeleton", "limbs", "torso", "whole", "nearness")))
        picture = composed(photo, matte, plate, layers).clamp(-1, 1)
        as_bytes = lambda x: ((x[0].permute(1, 2, 0).numpy() + 1) * 127.5 + .5).astype(np.uint8)  # noqa: E731
        inside = (whole("mask") > 0).float()
        rows.append(dict(psnrPerson=psnr(picture, truth, inside), psnr=psnr(picture, truth), ssim=ssim(picture, truth),
                         sharpness=sharpness(picture, inside) / sharpness(truth, inside), copied=psnr(photo, truth, inside)))
        if len(sheet) < 12:
            sheet.append(np.hstack([as_bytes(x.expand(-1, 3, -1, -1)) for x in (photo, truth, picture, plate, matte * 2 - 1)]))
    print(json.dumps({name: round(float(np.mean([row[name].item() for row in rows])), 4) for name in rows[0]}))
    if arguments.sheet:
        Image.fromarray(np.vstack(sheet)).save(arguments.sheet)


if __name__ == "__main__":
    main()
