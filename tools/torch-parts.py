"""Writes random weights of parts that come with Stable Diffusion 1.5's size, with the numbers that PyTorch computes from them.

python3 tools/torch-parts.py image-encoder --out DIR [--full] [--activation gelu]   a CLIP vision tower
python3 tools/torch-parts.py reference-net --out DIR [--full]                        a denoiser and its reference net
python3 tools/torch-parts.py autoencoder --out DIR [--full]                          a KL autoencoder, there and back
python3 tools/torch-parts.py image-processor --out DIR                               a picture as a CLIP vision tower sees it
python3 tools/torch-parts.py odd-size --out DIR                                      a U-Net whose levels halve to odd sizes
Small ones by default; --full has the published widths, at a reduced depth. Weights are rounded to float16 before
anything is computed, so a float16 file holds them exactly.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

from scd import parity_fixture, safetensors  # noqa: E402
from scd.layers import TransformerBlock  # noqa: E402
from scd.parity_fixture import TARGET_TIMESTEPS, randomize  # noqa: E402
from scd.pose_encoder import ControlNetConditioningEmbedding  # noqa: E402
from scd.scheduler import Scheduler, inference_timesteps  # noqa: E402
from scd.unet import Alone, Block, UNet2DConditionModel  # noqa: E402
from torch_autoencoder import AutoencoderKL  # noqa: E402

IMAGE_ENCODER = {
    False: {"hidden_size": 48, "intermediate_size": 96, "num_attention_heads": 3, "patch_size": 8, "image_size": 32, "projection_dim": 24},
    True: {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "patch_size": 14, "image_size": 224, "projection_dim": 768},
}


class ImageAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        batch, tokens, width = x.shape
        size = width // self.heads
        split = lambda t: t.view(batch, tokens, self.heads, size).transpose(1, 2)
        queries, keys, values = split(self.q_proj(x) * size**-0.5), split(self.k_proj(x)), split(self.v_proj(x))
        shares = (queries @ keys.transpose(-1, -2)).softmax(-1)
        return self.out_proj((shares @ values).transpose(1, 2).reshape(batch, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width, inner, activation):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)
        self.activation = {"gelu": F.gelu, "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x)}[activation]

    def forward(self, x):
        return self.fc2(self.activation(self.fc1(x)))


class ImageLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, eps = config["hidden_size"], config["layer_norm_eps"]
        self.self_attn = ImageAttention(width, config["num_attention_heads"])
        self.layer_norm1 = nn.LayerNorm(width, eps)
        self.mlp = Mlp(width, config["intermediate_size"], config["hidden_act"])
        self.layer_norm2 = nn.LayerNorm(width, eps)

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class Embeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, patch = config["hidden_size"], config["patch_size"]
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.patch_embedding = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.position_embedding = nn.Embedding((config["image_size"] // patch) ** 2 + 1, width)

    def forward(self, pixels):
        patches = self.patch_embedding(pixels).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(pixels.shape[0], 1, -1)
        return torch.cat([first, patches], 1) + self.position_embedding.weight


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layers = nn.ModuleList([ImageLayer(config) for _ in range(config["num_hidden_layers"])])


class VisionModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, eps = config["hidden_size"], config["layer_norm_eps"]
        self.embeddings = Embeddings(config)
        self.pre_layrnorm = nn.LayerNorm(width, eps)  # transformers' own spelling
        self.encoder = Encoder(config)
        self.post_layernorm = nn.LayerNorm(width, eps)

    def forward(self, pixels):
        x = self.pre_layrnorm(self.embeddings(pixels))
        for layer in self.encoder.layers:
            x = layer(x)
        return x


class CLIPVisionModelWithProjection(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.vision_model = VisionModel(config)
        self.visual_projection = nn.Linear(config["hidden_size"], config["projection_dim"], bias=False)

    def forward(self, pixels):
        """The embedding as AnimateAnyone feeds it, one token; and what the last layer makes of every patch."""
        last = self.vision_model(pixels)
        return self.visual_projection(self.vision_model.post_layernorm(last[:, 0]))[:, None], last


@torch.no_grad()
def write_image_encoder(out, full, activation):
    config = {
        "architectures": ["CLIPVisionModelWithProjection"],
        "model_type": "clip_vision_model",
        "hidden_act": activation,
        "layer_norm_eps": 1e-05,
        "num_channels": 3,
        "num_hidden_layers": 2,
        **IMAGE_ENCODER[full],
    }
    model = randomize(CLIPVisionModelWithProjection(config))
    pixels = torch.randn(1, 3, config["image_size"], config["image_size"])
    embedding, last = model(pixels)
    write_json(out / "config.json", config)
    weights = safetensors.from_module(model, np.float16)
    # As files of older releases hold it.
    weights["vision_model.embeddings.position_ids"] = np.arange(last.shape[1])[None]
    safetensors.write(out / "model.safetensors", weights)
    io = {"pixels": pixels, "image_embeds": embedding, "last_hidden_state": last}
    safetensors.write(out / "io.safetensors", {name: tensor.numpy() for name, tensor in io.items()})


@torch.no_grad()
def write_autoencoder(out, full):
    """As fixtures/diffusers-autoencoders/kl has it; the latents are not scaled."""
    widths = [128, 256, 512, 512] if full else [16, 32]
    config = {
        "_class_name": "AutoencoderKL",
        "act_fn": "silu",
        "block_out_channels": widths,
        "down_block_types": ["DownEncoderBlock2D"] * len(widths),
        "up_block_types": ["UpDecoderBlock2D"] * len(widths),
        "in_channels": 3,
        "out_channels": 3,
        "latent_channels": 4,
        "layers_per_block": 1,
        "norm_num_groups": 32 if full else 8,
        "scaling_factor": 0.18215,
    }
    model = randomize(AutoencoderKL(config))
    image = torch.rand(1, 3, 64, 64) * 2 - 1
    latents = model.encode(image)
    write_json(out / "config.json", config)
    safetensors.write(out / "weights.safetensors", safetensors.from_module(model, np.float16))
    io = {"image": image, "latents": latents, "decoded": model.decode(latents)}
    safetensors.write(out / "io.safetensors", {name: tensor.numpy() for name, tensor in io.items()})


IMAGE_MEAN = [0.48145466, 0.4578275, 0.40821073]
IMAGE_STD = [0.26862954, 0.26130258, 0.27577711]


def write_image_processor(out, side=24):
    """A picture in every proportion to what is wanted of it, resized by PIL as transformers' CLIPImageProcessor does."""
    io = {}
    for name, (width, height) in {"tall": (53, 118), "wide": (90, 31), "small": (17, 20)}.items():
        y, x = np.mgrid[:height, :width]
        waves = [np.sin(x / (3 + c) + y / (7 - c)) * 90 + 128 for c in range(3)]
        picture = np.stack(waves, -1) + np.random.default_rng(3).normal(0, 40, (height, width, 3))
        picture = picture.clip(0, 255).astype(np.uint8)
        io[name] = picture.astype(np.float32)
        edge = min(width, height)
        for way, size in {"middle": (side * width // edge, side * height // edge), "stretched": (side, side)}.items():
            pixels = np.asarray(Image.fromarray(picture).resize(size, Image.BICUBIC))
            left, top = (size[0] - side) // 2, (size[1] - side) // 2
            pixels = pixels[top : top + side, left : left + side] / 255
            io[f"{name}.{way}"] = ((pixels - IMAGE_MEAN) / IMAGE_STD).transpose(2, 0, 1).astype(np.float32)
    safetensors.write(out / "processed.safetensors", io)


def unet_config(full):
    sizes = {
        False: {"block_out_channels": [16, 32], "attention_head_dim": [1, 2], "norm_num_groups": 4, "cross_attention_dim": 24},
        True: {"block_out_channels": [320, 640, 1280], "attention_head_dim": 8, "norm_num_groups": 32, "cross_attention_dim": 768},
    }[full]
    shallower = len(sizes["block_out_channels"]) - 1
    return {
        "_class_name": "UNet2DConditionModel",
        "in_channels": 4,
        "out_channels": 4,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "down_block_types": ["CrossAttnDownBlock2D"] * shallower + ["DownBlock2D"],
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * shallower,
        "layers_per_block": 1,
        "downsample_padding": 1,
        "act_fn": "silu",
        "norm_eps": 1e-05,
        **sizes,
    }


def pose_config(full):
    return {
        "_class_name": "ControlNetConditioningEmbedding",
        "conditioning_embedding_channels": 320 if full else 16,
        "conditioning_channels": 3,
        "block_out_channels": [16, 32, 96, 256] if full else [4, 4, 8, 8],
    }


# AnimateAnyone's.
SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "clip_sample": False,
    "set_alpha_to_one": True,
    "steps_offset": 1,
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "guidance_scale_of_ddim_guided": 3.5,
    "steps": 4,
}


def blocks(unet):
    return {name: module for name, module in unet.named_modules() if isinstance(module, TransformerBlock)}


def look_at(reference_net, latents, tokens):
    """What every self-attention of the reference net attends from, by the name of its block."""
    bank = {}
    hooks = [
        block.norm1.register_forward_hook(lambda _, __, output, name=name: bank.__setitem__(name, output))
        for name, block in blocks(reference_net).items()
    ]
    reference_net.run(latents, torch.zeros(latents.shape[0]), None, tokens, Alone())
    for hook in hooks:
        hook.remove()
    return bank


class SeesReference:
    """Beside each pass's own keys and values, those that the same weights make of the bank's hidden states."""

    watch = None

    def __init__(self, unet, bank):
        self.bank = bank
        self.block = None
        for name, block in blocks(unet).items():
            block.register_forward_pre_hook(lambda module, _, name=name: self.enter(name, module))

    def enter(self, name, module):
        self.block = name, module

    def exchange(self, keys, values):
        name, module = self.block
        reference_keys, reference_values = module.attn1.keys_and_values(self.bank[name])
        return torch.cat([keys, reference_keys], 1), torch.cat([values, reference_values], 1)


@torch.no_grad()
def write_reference_net(out, full):
    config, pose = unet_config(full), pose_config(full)
    denoiser = randomize(UNet2DConditionModel(config))
    reference_net = randomize(UNet2DConditionModel(config))
    pose_encoder = randomize(ControlNetConditioningEmbedding(pose))
    height, width = (8, 8) if full else (8, 16)
    shape = 1, config["in_channels"], height, width
    io = {"reference_latents": torch.randn(shape), "noise": torch.randn(shape)}
    tokens = io["tokens"] = torch.randn(1, 1, config["cross_attention_dim"])
    nothing = torch.zeros_like(tokens)
    io["target_pose_image"] = torch.rand(1, 3, height * 8, width * 8)
    features = io["target_pose_features"] = pose_encoder(io["target_pose_image"])
    seeing = SeesReference(denoiser, look_at(reference_net, io["reference_latents"], tokens))

    def at(timestep, sample, memory, context, pose=features):
        return denoiser.run(sample, torch.tensor([timestep]), pose, context, memory)

    for timestep in TARGET_TIMESTEPS[: 1 if full else None]:
        io[f"target_output.t{timestep}"] = at(timestep, io["noise"], seeing, tokens)
    io["target_output_without_reference.t500"] = at(500, io["noise"], Alone(), tokens)
    io["target_output_without_pose.t500"] = at(500, io["noise"], seeing, tokens, None)
    if not full:
        scheduler = Scheduler(SCHEDULER)
        latents, steps, scale = io["noise"], SCHEDULER["steps"], SCHEDULER["guidance_scale_of_ddim_guided"]
        for timestep in inference_timesteps(SCHEDULER, steps).tolist():
            alone = at(timestep, latents, Alone(), nothing)
            guided = alone + scale * (at(timestep, latents, seeing, tokens) - alone)
            latents = scheduler.step(guided, timestep, latents, steps)
            io[f"ddim_guided.after_t{timestep}"] = latents

    networks = {"unet": (config, denoiser), "reference_unet": (config, reference_net), "pose_encoder": (pose, pose_encoder)}
    for name, (settings, module) in networks.items():
        write_json(out / name / "config.json", settings)
        safetensors.write(out / name / "diffusion_pytorch_model.safetensors", safetensors.from_module(module, np.float16))
    write_json(out / "scheduler" / "scheduler_config.json", SCHEDULER)
    safetensors.write(out / "io.safetensors", {name: tensor.numpy() for name, tensor in io.items()})


def up_to_skip(block, x, time, tokens, memory, skips):
    """diffusers' way up where sizes do not halve evenly: to the size of the skip that comes next."""
    for index in range(len(block.resnets)):
        x = block.layer(index, torch.cat([x, skips.pop()], 1), time, tokens, memory)
    if not hasattr(block, "upsamplers"):
        return x
    return block.upsamplers[0].conv(F.interpolate(x, size=skips[-1].shape[2:], mode="nearest"))


def write_odd_size(out):
    """10 x 14 latents are 5 x 7 a level further down, then 3 x 4, then 2 x 2."""
    pose = {"_class_name": "ControlNetConditioningEmbedding", "conditioning_embedding_channels": 8, "conditioning_channels": 3, "block_out_channels": [4, 8]}
    unet = {
        **unet_config(False),
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "block_out_channels": [8, 16, 16, 24],
        "attention_head_dim": 2,
    }
    Block.up = up_to_skip
    parity_fixture.write({"seed": 5, "latent_size": [10, 14], "unet": unet, "pose_encoder": pose, "scheduler": SCHEDULER}, out)


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["autoencoder", "image-encoder", "image-processor", "odd-size", "reference-net"])
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--activation", default="quick_gelu", choices=["quick_gelu", "gelu"])
    arguments = parser.parse_args()
    torch.manual_seed(7)
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.part == "autoencoder":
        write_autoencoder(arguments.out, arguments.full)
    elif arguments.part == "image-encoder":
        write_image_encoder(arguments.out, arguments.full, arguments.activation)
    elif arguments.part == "image-processor":
        write_image_processor(arguments.out)
    elif arguments.part == "odd-size":
        write_odd_size(arguments.out)
    else:
        write_reference_net(arguments.out, arguments.full)


if __name__ == "__main__":
    main()
