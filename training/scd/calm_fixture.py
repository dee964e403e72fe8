"""What the default pack's kind of motion module (scd.calm) makes of random frames: all seeing all, and under a causal mask.

python3 -m scd.calm_fixture --out ../fixtures/temporal-attention
"""

import argparse
import json
from pathlib import Path

import torch

from . import safetensors
from .calm import TemporalAttention, time_bias

CONFIG = {"_class_name": "TemporalAttention", "channels": [16], "width": 8, "slopes": [0, 0.2, 0.5, 1], "max_frames": 24}
FRAMES, TOKENS = 9, 6


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(9)
    module = TemporalAttention(CONFIG["channels"][0], CONFIG)
    for parameter in module.parameters():
        parameter.copy_(torch.randn_like(parameter) * (0.4 if parameter.dim() > 1 else 0.2) + (0 if parameter.dim() > 1 else 1))
    attention, queries = torch.randn(2, FRAMES, TOKENS, CONFIG["channels"][0])
    io = {"attention": attention, "queries": queries}
    for name, causal in (("all", False), ("causal", True)):
        io[name] = module(attention, queries, time_bias(FRAMES, CONFIG["slopes"], causal))
    (out / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n")
    named = {f"motion.0.{name}": values for name, values in safetensors.from_module(module).items()}
    safetensors.write(out / "weights.safetensors", named)
    safetensors.write(out / "io.safetensors", {name: tensor.numpy() for name, tensor in io.items()})


if __name__ == "__main__":
    main()
