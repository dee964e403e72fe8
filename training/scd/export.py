"""Writes the folder that `npm run export -- --weights` reads: diffusers' layout in float16, and pirouette.json.

python3 -m scd.export --config configs/cpu-256.json --autoencoder runs/autoencoder --model runs/scd --retoucher runs/retouched --out runs/export
Without --retoucher the pack has none. --layers DIR: trained mover/, matte/ and plate/ (see layers), by the config of --layers-config. Without --model the U-Net and the pose encoder are as training begins: for trying the shapes.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from . import safetensors
from .autoencoder import AutoencoderTiny
from .model import SCD
from .pack import PackConfig
from .retoucher import Retoucher

LAYERS = ["mover", "matte", "plate"]
WEIGHTS = "diffusion_pytorch_model.safetensors"
PROVENANCE = (
    "Trained on rendered people only: parametric bodies, clothes, hair and skins from the MakeHuman "
    "system assets (CC0 1.0), posed, dressed and lit at random. No photograph and no other model's output was used."
)


def write(config, autoencoder, model, retoucher, out, layers={}):
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
    for name, (settings, weights) in layers.items():
        (out / name).mkdir(exist_ok=True)
        (out / name / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
        safetensors.write(out / name / WEIGHTS, {key: array.astype(np.float16) for key, array in safetensors.read(weights).items()})
    (out / "scheduler").mkdir(exist_ok=True)
    (out / "scheduler" / "scheduler_config.json").write_text(json.dumps(config["scheduler"], indent=2) + "\n")
    about = {
        "name": config["name"],
        "licence": "CC0-1.0",
        "provenance": PROVENANCE,
        "skeleton": config["skeleton"],
        "size": config["size"],
        **{name: value for name, value in config["defaults"].items() if name in ("steps", "guidance")},
    }
    (out / "pirouette.json").write_text(json.dumps(about, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config")
    parser.add_argument("--pack", help="a finished pack, to give it further networks: in place of --config and the trained models")
    parser.add_argument("--autoencoder")
    parser.add_argument("--model")
    parser.add_argument("--retoucher")
    parser.add_argument("--layers")
    parser.add_argument("--layers-config", default="configs/layers-cpu.json")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    if arguments.pack:
        config = PackConfig(arguments.pack)
        autoencoder, model = config.autoencoder(), config.scd()
        retoucher = config.retoucher() if config["retoucher"] else None
    elif not arguments.config or not arguments.autoencoder:
        parser.error("tell --config and --autoencoder, or --pack")
    else:
        config = json.loads(Path(arguments.config).read_text())
        autoencoder = safetensors.into_module(AutoencoderTiny(config["autoencoder"]), Path(arguments.autoencoder) / WEIGHTS)
        model, retoucher = SCD(config).initialize(), None
        if arguments.model:
            model.load(arguments.model)
        if arguments.retoucher:
            retoucher = safetensors.into_module(Retoucher(config["retoucher"]), Path(arguments.retoucher) / WEIGHTS)
    layers = {}
    if arguments.layers:
        settings = json.loads(Path(arguments.layers_config).read_text())
        layers = {name: (settings[name], Path(arguments.layers) / name / WEIGHTS) for name in LAYERS}
    write(config, autoencoder, model, retoucher, arguments.out, layers)


if __name__ == "__main__":
    main()
