"""Writes fixtures/judges and the published lists of tensors: the networks that judge pictures and clips.

python3 tools/torch-judges.py
Small random copies of each network, pictures or a clip as bytes, and what PyTorch makes of them, preprocessing included.
Weights are rounded to float16 before anything is computed. The lists of names and shapes are those of the full networks.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "training"), str(Path(__file__).resolve().parent)]

from scd import safetensors  # noqa: E402
from torch_judges import I3d, Inception, Linears, Narrow, Resnet3d, Trunk, lpips  # noqa: E402

FULL = Narrow(1)
LAYERS = [3, 4, 6, 3]
MEAN_COLOUR = np.array([114.7748, 107.7354, 99.4750], np.float32)
# Of Resnet3d's files.
PREFIX = "module."


def randomize(module):
    """As training leaves weights: signals keep their size from layer to layer; statistics that no layer may forget."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Conv3d, nn.Linear)):
            nn.init.normal_(layer.weight, std=(2 / layer.weight[0].numel()) ** 0.5)
            if layer.bias is not None:
                nn.init.normal_(layer.bias, std=0.1)
        elif isinstance(layer, (nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.uniform_(layer.weight, 0.7, 1.3)
            nn.init.normal_(layer.bias, std=0.2)
            nn.init.normal_(layer.running_mean, std=0.2)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.half().float())
    return module.eval()


def pictures(count, height, width, seed):
    """Smooth patches and some noise, as bytes (count, height, width, 3)."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 255, (count, height // 8, width // 8, 3), dtype=np.uint8)
    large = np.stack([np.asarray(Image.fromarray(each).resize((width, height), Image.BICUBIC)) for each in coarse])
    return np.clip(large.astype(int) + random.integers(-12, 13, large.shape), 0, 255).astype(np.uint8)


def bicubic(clip, size):
    """Every frame to size x size by PIL's antialiased bicubic filter on floats, nothing clipped: (frames, size, size, 3)."""
    one = lambda plane: np.asarray(Image.fromarray(plane.astype(np.float32), "F").resize((size, size), Image.BICUBIC))
    return np.stack([np.stack([one(frame[..., c]) for c in range(3)], -1) for frame in clip])


def as_clip(frames):
    return torch.from_numpy(frames.astype(np.float32)).permute(3, 0, 1, 2)[None]


def write(name, config, modules, io, skip=()):
    folder = ROOT / "fixtures" / "judges" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config) + "\n")
    weights = {}
    for module in modules:
        weights.update(safetensors.from_module(module, np.float16))
    kept = {key: value for key, value in weights.items() if not key.startswith(skip) and not key.endswith("num_batches_tracked")}
    safetensors.write(folder / "weights.safetensors", kept)
    safetensors.write(folder / "io.safetensors", {key: np.asarray(value) for key, value in io.items()})
    print(name, sum(value.nbytes for value in kept.values()), {key: np.asarray(value).std().round(4) for key, value in io.items()})


def lpips_fixture(trunk_name, divisor):
    narrow = Narrow(divisor)
    trunk = randomize(Trunk(trunk_name, narrow))
    linears = randomize(Linears(trunk.widths))
    for parameter in linears.parameters():
        parameter.abs_()
    pair = pictures(2, 72, 96, 5)
    one, other = (torch.from_numpy(p.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1 for p in pair)
    truth = lpips(trunk, linears, one, other).numpy()
    write(f"lpips-{trunk_name}", {"trunk": trunk_name, "divisor": divisor}, [trunk, linears], {"pictures": pair, "distance": truth}, ("classifier.",))


def inception_fixture(divisor):
    module = randomize(Inception(Narrow(divisor)))
    pair = pictures(2, 48, 64, 6)
    features = module(torch.from_numpy(pair.astype(np.float32)).permute(0, 3, 1, 2) / 255)
    write("inception", {"divisor": divisor}, [module], {"pictures": pair, "features": features.numpy()}, ("fc.",))


def i3d_fixture(divisor):
    module = randomize(I3d(Narrow(divisor), 1))
    clip = pictures(16, 32, 40, 7)
    logits = module(as_clip(bicubic(clip, 224) / 127.5 - 1))
    write("i3d", {"divisor": divisor, "frames": 16, "pooled_frames": 1}, [module], {"frames": clip, "logits": logits.numpy()})


def resnet3d_fixture(divisor):
    module = randomize(Resnet3d(Narrow(divisor), LAYERS))
    clip = pictures(16, 32, 40, 8)
    features = module(as_clip(bicubic(clip, 112) - MEAN_COLOUR))
    write("resnet3d", {"divisor": divisor, "frames": 16, "layers": LAYERS}, [module], {"frames": clip, "features": features.numpy()}, ("fc.",))


def names():
    """Which files are published with which tensors."""
    trunks = {name: Trunk(name, FULL) for name in ("alexnet", "vgg16", "squeezenet")}
    lists = dict(trunks) | {f"lpips-{name}": Linears(trunk.widths) for name, trunk in trunks.items()}
    lists |= {"inception-fid": Inception(FULL), "i3d": I3d(FULL, 1), "resnet3d": Resnet3d(FULL, LAYERS)}
    folder = ROOT / "fixtures" / "names"
    for name, module in lists.items():
        prefix = PREFIX if name == "resnet3d" else ""
        state = {prefix + key: tensor for key, tensor in module.state_dict().items()}
        # Saved before batch norms counted.
        if name == "resnet3d":
            state = {key: tensor for key, tensor in state.items() if not key.endswith("num_batches_tracked")}
        lines = sorted(f"{key} {'x'.join(map(str, tensor.shape))}\n" for key, tensor in state.items())
        with open(folder / f"{name}.txt.gz", "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
            packed.write("".join(lines).encode())
        print(name, len(lines), sum(tensor.numel() for tensor in state.values()))


@torch.no_grad()
def main():
    torch.manual_seed(11)
    lpips_fixture("alexnet", 16)
    lpips_fixture("vgg16", 16)
    lpips_fixture("squeezenet", 8)
    inception_fixture(16)
    i3d_fixture(16)
    resnet3d_fixture(32)
    names()


main()
