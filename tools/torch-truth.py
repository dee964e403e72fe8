"""What PyTorch computes from a checkpoint in diffusers' layout: a reference pass and one evaluation that sees it.

python3 tools/torch-truth.py --weights DIR --out io.safetensors [--latents 16]
The inputs are random, the arithmetic is float32 whatever type the weights are stored in.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

from scd import safetensors  # noqa: E402
from scd.pose_encoder import ControlNetConditioningEmbedding  # noqa: E402
from scd.unet import UNet2DConditionModel  # noqa: E402

TIMESTEP = 500


def entries(path):
    """Name, type, shape and place of every tensor, so that a file of gigabytes is never in memory as a whole."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return {name: (safetensors.DTYPES[e["dtype"]], e["shape"], 8 + length + e["data_offsets"][0]) for name, e in header.items()}


@torch.no_grad()
def load(folder, kind):
    module = kind(json.loads((folder / "config.json").read_text()))
    path = folder / "diffusion_pytorch_model.safetensors"
    stored = entries(path)
    parameters = dict(module.named_parameters())
    if parameters.keys() != stored.keys():
        raise SystemExit(f"{path} has other tensors than {kind.__name__}: {sorted(parameters.keys() ^ stored.keys())[:8]}")
    for name, (dtype, shape, offset) in stored.items():
        values = np.fromfile(path, dtype, int(np.prod(shape)), offset=offset).reshape(shape)
        parameters[name].copy_(torch.from_numpy(values.astype(np.float32)))
    return module.eval()


@torch.no_grad()
def compute(weights, side):
    unet = load(weights / "unet", UNet2DConditionModel)
    pose_encoder = load(weights / "pose_encoder", ControlNetConditioningEmbedding)
    shape = 1, unet.config["in_channels"], side, side
    pixels = side * 2 ** (len(pose_encoder.config["block_out_channels"]) - 1)
    io = {"reference_latents": torch.randn(shape), "noise": torch.randn(shape)}
    tokens = None
    if unet.config["cross_attention_dim"] is not None:
        tokens = io["tokens"] = torch.randn(1, 1, unet.config["cross_attention_dim"])
    for role in ("reference", "target"):
        io[f"{role}_pose_image"] = torch.rand(1, 3, pixels, pixels)
        io[f"{role}_pose_features"] = pose_encoder(io[f"{role}_pose_image"])
    kept, io["reference_output"] = unet.reference_pass(io["reference_latents"], io["reference_pose_features"], tokens)
    at = torch.tensor([TIMESTEP])
    target = lambda reference: unet.target_pass(io["noise"], at, io["target_pose_features"], reference, tokens)
    io[f"target_output.t{TIMESTEP}"] = target(kept)
    io[f"target_output_without_reference.t{TIMESTEP}"] = target(None)
    return {name: tensor.numpy() for name, tensor in io.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--latents", default=16, type=int)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    io = compute(arguments.weights, arguments.latents)
    safetensors.write(arguments.out, io)
    print(json.dumps({name: float(values.std()) for name, values in io.items()}))


if __name__ == "__main__":
    main()
