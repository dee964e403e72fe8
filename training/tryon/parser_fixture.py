"""Writes a small random parser with what it sees and says, as truth for another implementation.

python3 -m tryon.parser_fixture --out ../fixtures/parser
Weights are rounded to float16 before anything is computed, so a float16 file holds them exactly.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from scd import safetensors
from scd.parity_fixture import randomize

from .parser import INPUTS, Parser

CONFIG = {"_class_name": "Parser", "classes": 4, "block_out_channels": [4, 6, 8], "layers_per_block": [0, 1, 2]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    torch.manual_seed(7)
    network = randomize(Parser(CONFIG))
    seen = {name: torch.rand(1, channels, 32, 48) for name, channels in INPUTS.items()}
    with torch.no_grad():
        labels, joints = network(*seen.values())
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n")
    safetensors.write(out / "weights.safetensors", safetensors.from_module(network, np.float16))
    safetensors.write(out / "io.safetensors", {name: np.ascontiguousarray(t.numpy()) for name, t in {**seen, "labels": labels, "joints": joints}.items()})


if __name__ == "__main__":
    main()
