"""Writes fixtures/torch with PyTorch itself: files as torch.save makes them, and their values as JSON.

    python3 tools/torch-fixtures.py
"""

import collections
import json
import os
import pathlib

import torch

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "torch"


def kinds():
    grid = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 8 - 1
    return {
        "whole": grid,
        "half": grid.half(),
        "brain": grid.bfloat16(),
        "double": grid.double() / 3,
        "transposed": grid.transpose(0, 2),
        "part": grid[:, 1:, ::2],
        "shared.first": grid[0],
        "shared.second": grid[1],
        "expanded": grid[0, 0, :1].expand(3, 5),
        "channels_last": grid.reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
        "half_transposed": grid.half().transpose(0, 1),
        "scalar": torch.tensor(0.5),
        "empty": torch.zeros(0, 4),
        "parameter": torch.nn.Parameter(grid[1].clone()),
        "counter": torch.tensor([7, -1]),
    }


class RunsCode:
    def __reduce__(self):
        return os.system, ("touch pickle-was-run",)


def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))


class Scripted(torch.nn.Module):
    """With fields of the kinds that scripted modules have."""

    def __init__(self):
        super().__init__()
        self.layers = network()
        self.register_buffer("scale", torch.arange(3.0))
        self.sizes, self.factors, self.name, self.flag = [2, 3], [0.5, 1.5], "net", True

    def forward(self, x):
        return self.layers(x) * self.factors[0] * self.scale.sum() if self.flag else x[: self.sizes[0]]


def values(tensors):
    return {name: {"shape": list(t.shape), "values": t.double().flatten().tolist()} for name, t in tensors.items()}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.save(kinds(), OUT / "kinds.pth")
    torch.save(kinds(), OUT / "protocol-4.pth", pickle_protocol=4)
    state = network().state_dict()
    wrapped = collections.OrderedDict(("module." + name, tensor) for name, tensor in state.items())
    torch.save({"epoch": 3, "lr": 1e-5, "big": 1 << 40, "done": True, "note": None, "names": ["ä", (1, 2.5)],
                "state_dict": wrapped, "optimizer": {"state": {}, "param_groups": [{"params": [0, 1]}]}},
               OUT / "training.ckpt")
    torch.save(state, OUT / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"state_dict": kinds(), "optimizer": [torch.ones(3).double(), torch.ones(2).half()]}, OUT / "legacy-kinds.pth", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(Scripted().eval()), OUT / "scripted.pt")
    torch.save({"weight": torch.ones(2), "extra": RunsCode()}, OUT / "runs-code.pth")
    torch.save(network(), OUT / "whole-module.pt")
    truth = {"kinds": values(kinds()), "training": values(state), "scripted": values(Scripted().state_dict())}
    (OUT / "truth.json").write_text(json.dumps(truth) + "\n")


main()
