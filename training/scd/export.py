"""Writes the folder that `npm run export -- --weights` reads: diffusers' layout in float16, and pirouette.json.

python3 -m scd.export --config configs/cpu-256.json --autoencoder runs/autoencoder --model runs/scd --retoucher runs/retouched --out runs/export
Without --retoucher the pack has none. Without --model the U-Net and the pose encoder are as training begins: for trying the shapes.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from . import safetensors
from .autoencoder import AutoencoderTiny
from .model import SCD
from .retoucher import Retoucher

WEIGHTS = "diffusion_pytorch_model.safetensors"
PROVENANCE = (
    "Trained on rendered people only: parametric bodies, clothes, hair and skins from the MakeHuman "
    "system assets (CC0 1.0), posed, dressed and lit at random. No photograph and no other model's output was used."
)


def write(config, autoencoder, model, retoucher, out):
    out = Path(out)
    parts = {
        "vae": (config["autoencoder"], autoencoder),
        "unet": (config["unet"], model.unet),
        "pose_encoder": (config["pose_encoder"], model.pose_encoder),
    }
    if retoucher:
        parts["retoucher"] = config["retoucher"], retoucher
    for name, (settings, module) in parts.items():
        (out / name).mkdir(parents=True, exist_ok=True)
        (out / name / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
        safetensors.write(out / name / WEIGHTS, safetensors.from_module(module, np.float16))
    (out / "scheduler").mkdir(exist_ok=True)
    (out / "scheduler" / "scheduler_config.json").write_text(json.dumps(config["scheduler"], indent=2) + "\n")
    about = {
        "name": config["name"],
        "licence": "CC0-1.0",
        "provenance": PROVENANCE,
        "skeleton": config["skeleton"],
        "size": config["size"],
        **config["defaults"],
    }
    (out / "pirouette.json").write_text(json.dumps(about, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--autoencoder", required=True)
    parser.add_argument("--model")
    parser.add_argument("--retoucher")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = json.loads(Path(arguments.config).read_text())
    autoencoder = safetensors.into_module(AutoencoderTiny(config["autoencoder"]), Path(arguments.autoencoder) / WEIGHTS)
    model = SCD(config).initialize()
    if arguments.model:
        model.load(arguments.model)
    retoucher = None
    if arguments.retoucher:
        retoucher = safetensors.into_module(Retoucher(config["retoucher"]), Path(arguments.retoucher) / WEIGHTS)
    write(config, autoencoder, model, retoucher, arguments.out)


if __name__ == "__main__":
    main()
