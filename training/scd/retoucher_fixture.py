"""Writes a small random retoucher, its guides and the picture it should give, as truth for another implementation.

python3 -m scd.retoucher_fixture --out ../fixtures/retoucher
Weights are rounded to float16 before anything is computed, so a float16 file holds them exactly.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from people.joints import MIRROR

from . import safetensors
from .guides import guides
from .parity_fixture import randomize
from .retoucher import INPUTS, Retoucher
from .warp import middles

CONFIG = {"_class_name": "Retoucher", "block_out_channels": [6, 10], "layers_per_block": [1, 2], "last_channels": 5}
HEIGHT, WIDTH = 32, 48
# The second body has no right wrist and bends: what is not seen, and stretched. Its sides exchanged, it shows its back.
REFERENCE = [[24, 6], [24, 10], [20, 10], [18, 15], [17, 19], [28, 10], [30, 15], [31, 19], [22, 19], [22, 24],
             [22, 30], [26, 19], [26, 24], [26, 30], [23, 5], [25, 5], [22, 6], [26, 6]]  # fmt: skip
TARGET = [[14, 8], [15, 12], [13, 13], [9, 10], [0, 0], [16, 11], [22, 10], [4, 6], [16, 21], [14, 26],
          [12, 31], [18, 20], [22, 25], [17, 30], [15, 7], [13, 7], [16, 8], [12, 8]]  # fmt: skip
UNSEEN = 4


def poses():
    reference, target = (np.concatenate([pose, np.ones((18, 1))], 1) for pose in (REFERENCE, TARGET))
    target[UNSEEN, 2] = 0
    return reference, target


@torch.no_grad()
def compute(retoucher):
    reference, target = poses()
    photo = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    places = middles(HEIGHT, WIDTH)
    torso, limbs, near = guides(photo, target, reference, places)
    back = target[MIRROR]
    _, limbs_of_back, _ = guides(photo, back, reference, places)
    pictures = {"photo": photo, "torso": torso, "limbs": limbs, "limbs_of_back": limbs_of_back}
    io = {name: torch.from_numpy(p.astype(np.float32))[None].permute(0, 3, 1, 2) / 127.5 - 1 for name, p in pictures.items()}
    io["nearness"] = torch.from_numpy(near.astype(np.float32))[None].permute(0, 3, 1, 2)
    # Beyond what a picture holds, as a decoder's output may be.
    io["frame"] = torch.randn(1, 3, HEIGHT, WIDTH)
    io["image"] = retoucher(**{name: io[name] for name in INPUTS})
    io = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in io.items()}
    joints = {"reference": reference, "target": target, "back": back}
    return {**io, **{f"{name}_joints": pose.astype(np.float32) for name, pose in joints.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    torch.manual_seed(5)
    retoucher = randomize(Retoucher(CONFIG))
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n")
    safetensors.write(out / "weights.safetensors", safetensors.from_module(retoucher, np.float16))
    safetensors.write(out / "io.safetensors", compute(retoucher))


if __name__ == "__main__":
    main()
