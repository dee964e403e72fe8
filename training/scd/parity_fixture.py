"""Writes small random models with the numbers they should give, as truth for another implementation of them.

python3 -m scd.parity_fixture --config configs/parity-linear.json --out ../fixtures/parity/linear
Weights are rounded to float16 before anything is computed, so a float16 file holds them exactly.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import safetensors
from .pose_encoder import ControlNetConditioningEmbedding
from .scheduler import Scheduler, inference_timesteps
from .unet import UNet2DConditionModel

TARGET_TIMESTEPS = (981, 500, 1)


def randomize(module):
    """Fills every parameter, norms and biases included, so that a forgotten one shows."""
    with torch.no_grad():
        for layer in module.modules():
            for name, parameter in layer.named_parameters(recurse=False):
                if parameter.dim() > 1:
                    nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
                elif name == "weight":
                    nn.init.normal_(parameter, 1, 0.2)
                else:
                    nn.init.normal_(parameter, 0, 0.2)
                parameter.copy_(parameter.half().float())
    return module.eval()


def self_attentions(unet):
    return [name for name, _ in unet.named_modules() if name.endswith("attn1")]


@torch.no_grad()
def compute(config, unet, pose_encoder):
    scheduler = Scheduler(config["scheduler"])
    steps, guidance = config["scheduler"]["steps"], config["scheduler"]["guidance_scale_of_ddim_guided"]
    height, width = config["latent_size"]
    shape = 1, config["unet"]["in_channels"], height, width
    scale = 2 ** (len(config["pose_encoder"]["block_out_channels"]) - 1)
    io = {"reference_latents": torch.randn(shape), "noise": torch.randn(shape)}
    tokens = nothing = None
    if config["unet"]["cross_attention_dim"] is not None:
        tokens = io["tokens"] = torch.randn(1, 7, config["unet"]["cross_attention_dim"])
        nothing = torch.zeros_like(tokens)
    for role in ("reference", "target"):
        io[f"{role}_pose_image"] = torch.rand(1, 3, height * scale, width * scale)
    for role in ("reference", "target"):
        io[f"{role}_pose_features"] = pose_encoder(io[f"{role}_pose_image"])
    pose = io["target_pose_features"]

    kept, output = unet.reference_pass(io["reference_latents"], io["reference_pose_features"], tokens)
    io["reference_output"] = output
    first = 0
    middle = sum(len(block.attentions) for block in unet.down_blocks if hasattr(block, "attentions"))
    names = [f"down_blocks.{self_attentions(unet.down_blocks)[0]}", f"mid_block.{self_attentions(unet.mid_block)[0]}"]
    for name, place in zip(names, (first, middle)):
        io[f"k.{name}"], io[f"v.{name}"] = kept[place]

    def at(timestep):
        return torch.tensor([timestep])

    for timestep in TARGET_TIMESTEPS:
        io[f"target_output.t{timestep}"] = unet.target_pass(io["noise"], at(timestep), pose, kept, tokens)
    io["target_output_without_reference.t500"] = unet.target_pass(io["noise"], at(500), pose, None, tokens)
    io["target_output_without_pose.t500"] = unet.target_pass(io["noise"], at(500), None, kept, tokens)

    timesteps = inference_timesteps(config["scheduler"], steps)
    for prefix, scale in (("ddim", 1.0), ("ddim_guided", guidance)):
        latents = io["noise"]
        for timestep in timesteps.tolist():
            output = unet.target_pass(latents, at(timestep), pose, kept, tokens)
            if scale != 1:
                alone = unet.target_pass(latents, at(timestep), pose, None, nothing)
                output = alone + scale * (output - alone)
            latents = scheduler.step(output, timestep, latents, steps)
            io[f"{prefix}.after_t{timestep}"] = latents
    io = {name: tensor.numpy() for name, tensor in io.items()}
    io["ddim.timesteps"] = timesteps
    return io


def write(config, out):
    torch.manual_seed(config["seed"])
    unet = randomize(UNet2DConditionModel(config["unet"]))
    pose_encoder = randomize(ControlNetConditioningEmbedding(config["pose_encoder"]))
    io = compute(config, unet, pose_encoder)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name in ("unet", "pose_encoder", "scheduler"):
        (out / f"{name}_config.json").write_text(json.dumps(config[name], indent=1) + "\n")
    safetensors.write(out / "unet.safetensors", safetensors.from_module(unet, np.float16))
    safetensors.write(out / "pose_encoder.safetensors", safetensors.from_module(pose_encoder, np.float16))
    safetensors.write(out / "io.safetensors", io)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    write(json.loads(Path(arguments.config).read_text()), arguments.out)


if __name__ == "__main__":
    main()
