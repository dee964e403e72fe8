"""How well the parser names pixels and finds joints, on people that training never saw.

python3 -m tryon.evaluate_parser --config configs/tryon.json --model runs/parser --held-out runs/dressed-held-out [--sheet PNG]
`parserIoU`: intersection over union of each class over all pictures of people, and their mean. `garmentIoU`: the same for
garments on nobody, cloth against the rest. `jointsOff`: of joints in sight, pixels of a 256 px picture.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from people.wardrobe import LABELS
from scd import safetensors
from scd.export import WEIGHTS

from .batches import Pictures
from .parser import INPUTS, JOINTS, Parser, full_size

PALETTE = np.array([[0, 0, 0], [120, 60, 20], [255, 200, 160], [255, 120, 120], [60, 120, 255], [60, 200, 80], [200, 60, 200], [250, 250, 60], [255, 140, 0]], np.uint8)  # fmt: skip
GARMENTS = {"top": 4, "bottom": 5, "dress": 6, "shoes": 7}


def soft_places(spots):
    """Each joint's place in picture pixels: the mean around its strongest cell."""
    n, count, height, width = spots.shape
    flat = spots.flatten(2)
    at = flat.argmax(2)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    top, left = at // width, at % width
    near = ((y - top[..., None, None]).abs() <= 2) & ((x - left[..., None, None]).abs() <= 2)
    shares = torch.softmax(spots.masked_fill(~near, -1e9).flatten(2), 2).view_as(spots)
    return torch.stack([(shares * (x + 0.5)).sum((2, 3)), (shares * (y + 0.5)).sum((2, 3))], -1) * 4


@torch.no_grad()
def measure(network, pictures, count=None, sheet=None):
    classes = len(LABELS)
    both, either, tiles = np.zeros(classes), np.zeros(classes), []
    alone_both, alone_either, off = 0, 0, []
    for index in range(min(count or len(pictures), len(pictures))):
        row = pictures.row(index, np.random.default_rng(index), plain=True)
        batch = pictures.collate([row])
        logits, spots = network(*(batch[name] for name in INPUTS))
        found, truth = full_size(logits)[0].argmax(0).numpy(), row["labels"]
        if row["alone"]:
            alone_both += ((found > 3) & (truth > 0)).sum()
            alone_either += ((found > 3) | (truth > 0)).sum()
            seen = row["joints"][JOINTS, 2] == 1
            off.append(np.linalg.norm(soft_places(spots)[0].numpy() - row["joints"][JOINTS, :2], axis=1)[seen])
        else:
            for k in range(classes):
                both[k] += ((found == k) & (truth == k)).sum()
                either[k] += ((found == k) | (truth == k)).sum()
        if sheet and index % 7 < 3 and len(tiles) < 24:
            tiles.append(np.concatenate([((row["photo"] + 1) * 127.5).astype(np.uint8), PALETTE[truth], PALETTE[found]], 1))
    if sheet:
        Image.fromarray(np.concatenate([np.concatenate(tiles[k::4], 0) for k in range(4)], 1)).save(sheet)
    each = both / np.maximum(either, 1)
    return {"parserIoU": round(float(each.mean()), 4), **{name: round(float(value), 3) for name, value in zip(LABELS, each)},
            "garmentIoU": round(float(alone_both / max(alone_either, 1)), 4), "jointsOff": round(float(np.concatenate(off).mean()), 2) if off else None}  # fmt: skip


def load(config, folder):
    return safetensors.into_module(Parser(config["parser"]), Path(folder) / WEIGHTS).eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--held-out", required=True)
    parser.add_argument("--sheet")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config = json.loads(Path(arguments.config).read_text())
    print(json.dumps(measure(load(config, arguments.model), Pictures(arguments.held_out, config), sheet=arguments.sheet), indent=1))


if __name__ == "__main__":
    main()
