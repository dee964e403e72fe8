"""The weights of a pack, back in the modules that they were trained in."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import safetensors
from .autoencoder import AutoencoderTiny
from .model import SCD
from .retoucher import Retoucher


def tensors_of(folder, parts):
    found = {}
    for part in parts if isinstance(parts, list) else [parts]:
        found.update(safetensors.read(Path(folder) / part["weights"]))
    return found


def fill(module, found):
    """A pack stores the matrices of linear layers the other way round. A graph may hold a part of a module's tensors."""
    state, matrices = module.state_dict(), {f"{name}.weight" for name, m in module.named_modules() if isinstance(m, nn.Linear)}
    for name, values in found.items():
        values = torch.from_numpy(values.astype(np.float32))
        state[name].copy_((values.T if name in matrices else values).reshape(state[name].shape))
    missing = set(state) - set(found)
    if missing:
        raise ValueError(f"the pack lacks {sorted(missing)[:4]}")
    return module


class PackConfig(dict):
    """The configs of a pack under the names that training's own config files have."""

    def __init__(self, folder):
        manifest = json.loads((Path(folder) / "pack.json").read_text())
        configs = manifest["configs"]
        super().__init__(
            unet=configs["unet"],
            pose_encoder=configs["poseEncoder"],
            scheduler=configs["scheduler"],
            autoencoder=configs["autoencoder"],
            retoucher=configs.get("retoucher"),
            skeleton=manifest["skeleton"],
            defaults=manifest["defaults"],
            size=manifest["defaults"]["width"],
        )
        self.folder, self.manifest = Path(folder), manifest

    def scd(self):
        model, manifest = SCD(self), self.manifest
        fill(model.unet, tensors_of(self.folder, manifest["unet"]))
        fill(model.pose_encoder, tensors_of(self.folder, manifest["poseEncoder"]))
        return model.eval().requires_grad_(False)

    def autoencoder(self):
        found = {**tensors_of(self.folder, self.manifest["encoder"]), **tensors_of(self.folder, self.manifest["decoder"])}
        return fill(AutoencoderTiny(self["autoencoder"]), found).eval().requires_grad_(False)

    def retoucher(self):
        return fill(Retoucher(self["retoucher"]), tensors_of(self.folder, self.manifest["retoucher"])).eval().requires_grad_(False)
