"""A clip of a small random model with motion modules, denoised in windows: with a reference, poses and guidance.

python3 -m scd.motion_fixture --out ../fixtures/parity/motion
All frames go through every step together, and at each the predictions of the windows that have a frame are averaged. The
modules are AnimateAnyone's kind: each frame has a group norm of its own.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from . import noise, safetensors
from .motion_modules import attach
from .parity_fixture import randomize
from .pose_encoder import ControlNetConditioningEmbedding
from .scheduler import Scheduler, inference_timesteps
from .unet import UNet2DConditionModel
from .windows_fixture import SCHEDULE, sliding, uniform

UNET = {
    "_class_name": "UNet2DConditionModel",
    "in_channels": 4,
    "out_channels": 4,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "block_out_channels": [16, 32],
    "layers_per_block": 1,
    "downsample_padding": 1,
    "act_fn": "silu",
    "norm_num_groups": 4,
    "norm_eps": 1e-5,
    "cross_attention_dim": None,
    "attention_head_dim": [1, 2],
    "use_linear_projection": True,
}
MOTION = {
    "_class_name": "MotionAdapter",
    "block_out_channels": [16, 32],
    "motion_layers_per_block": 1,
    "motion_transformer_layers_per_block": [1, 2],
    "motion_num_attention_heads": [2, 4],
    "motion_norm_num_groups": 4,
    "motion_max_seq_length": 4,
    "use_motion_mid_block": True,
    "norm_each_frame": True,
}
POSE = {
    "_class_name": "ControlNetConditioningEmbedding",
    "conditioning_embedding_channels": 16,
    "conditioning_channels": 3,
    "block_out_channels": [8, 12, 16],
}
FRAMES, STEPS, OVERLAP, GUIDANCE, SEED = 7, 3, 2, 2.5, 5
HEIGHT, WIDTH = 8, 6


@torch.no_grad()
def compute(unet, pose_encoder):
    shape = UNET["in_channels"], HEIGHT, WIDTH
    scheduler, size = Scheduler(SCHEDULE), MOTION["motion_max_seq_length"]
    pictures = torch.rand(FRAMES + 1, 3, HEIGHT * 4, WIDTH * 4)
    reference = torch.randn(1, *shape)
    poses = pose_encoder(pictures)
    kept, _ = unet.reference_pass(reference, poses[:1])
    starts = [noise.gaussian(int(np.prod(shape)), SEED, frame=frame).reshape(shape) for frame in range(FRAMES)]
    start = torch.from_numpy(np.stack(starts))
    io = {"reference_latents": reference, "pose_images": pictures, "noise": start}
    for order in (sliding, uniform):
        for scale in (1.0, GUIDANCE):
            latents = start
            for timestep in inference_timesteps(SCHEDULE, STEPS).tolist():
                total, counts = torch.zeros_like(latents), torch.zeros(FRAMES, 1, 1, 1)
                for window in order(FRAMES, size, OVERLAP):
                    at, seen = torch.full((size,), timestep), poses[1:][window]
                    output = unet.target_pass(latents[window], at, seen, kept)
                    if scale != 1:
                        alone = unet.target_pass(latents[window], at, seen)
                        output = alone + scale * (output - alone)
                    total[window] += output
                    counts[window] += 1
                latents = scheduler.step(total / counts, timestep, latents, STEPS)
            io[f"latents.{order.__name__}.{'guided' if scale != 1 else 'plain'}"] = latents
    return {name: tensor.numpy() for name, tensor in io.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(16)
    unet = randomize(attach(UNet2DConditionModel(UNET), MOTION))
    pose_encoder = randomize(ControlNetConditioningEmbedding(POSE))
    io = compute(unet, pose_encoder)
    tensors = safetensors.from_module(unet)
    parts = {
        "unet": (UNET, {name: values for name, values in tensors.items() if "motion_modules" not in name}),
        "motion_adapter": (MOTION, {name: values for name, values in tensors.items() if "motion_modules" in name}),
        "pose_encoder": (POSE, safetensors.from_module(pose_encoder)),
    }
    for name, (config, weights) in parts.items():
        (out / f"{name}_config.json").write_text(json.dumps(config, indent=1) + "\n")
        safetensors.write(out / f"{name}.safetensors", weights)
    (out / "scheduler_config.json").write_text(json.dumps({"_class_name": "DDIMScheduler", **SCHEDULE}, indent=1) + "\n")
    settings = {"frames": FRAMES, "steps": STEPS, "overlap": OVERLAP, "guidance": GUIDANCE, "seed": SEED}
    (out / "clip.json").write_text(json.dumps(settings) + "\n")
    safetensors.write(out / "io.safetensors", io)


if __name__ == "__main__":
    main()
