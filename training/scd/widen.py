"""Grows a trained model into a wider one that answers as the narrow one did.

python3 -m scd.widen --config configs/cpu-256.json --from-widths 64 128 --model runs/narrow --out runs/widened
Channels and heads get copies that share their old influence. Copies that stay alike learn alike, and the wide network
would be the narrow one at a higher price; so the differences between copies get random weights of their own, which lead
from differences to differences and hardly reach the answer. Where levels grow by different factors, or by no whole one,
norms weigh some channels twice: a few hundred steps mend that. Most of what there is to learn is learnt sooner by a
narrow network.
"""

import argparse
import copy
import json
from pathlib import Path

import numpy as np
import torch

from .model import SCD
from .unet import per_level

APART = 0.3  # the random weights' size, over that of the learnt ones


class Space:
    """The wide channels of one place: which narrow channel each copies, and its share of that one's influence."""

    def __init__(self, sources):
        self.sources = torch.as_tensor(sources)
        self.shares = 1 / torch.bincount(self.sources)[self.sources].float()

    @staticmethod
    def side_by_side(narrow, wide):
        """Copies beside their originals, so that a norm's groups hold the same values as before."""
        return Space(torch.arange(wide) * narrow // wide)

    @staticmethod
    def by_heads(narrow, wide):
        """Whole heads over again: what a head holds is told apart by its place there."""
        return Space(torch.arange(wide) % narrow)

    @property
    def grown(self):
        return len(self.sources) > int(self.sources.max()) + 1

    def differences(self):
        """Takes from each channel what its copies have in common with it."""
        alike = (self.sources[:, None] == self.sources[None]).float()
        return torch.eye(len(alike)) - alike / alike.sum(1)

    def and_then(self, other):
        return Space(torch.cat([self.sources, other.sources + int(self.sources.max()) + 1]))


def originals(count):
    """A place whose channels are as many as before."""
    return Space(torch.arange(count))


def per_channel(tensor, space):
    return tensor[space.sources]


def layer(tensor, out, into):
    """A weight of a linear layer or a convolution."""
    shares = into.shares.view(1, -1, *[1] * (tensor.dim() - 2))
    return tensor[out.sources][:, into.sources] * shares


def between_copies(weight, out, into, strength):
    """Random weights from how the copies in `into` differ to how those in `out` do, or from all of an `into` of originals."""
    shape = len(out.sources), len(into.sources), *weight.shape[2:]
    random = torch.tensordot(out.differences(), torch.randn(shape) * weight.std() * strength, 1)
    return torch.tensordot(into.differences(), random.transpose(0, 1), 1).transpose(0, 1) if into.grown else random


class Widening:
    """Walks the narrow U-Net as its blocks are wired, and gathers the wide one's tensors."""

    def __init__(self, tensors, narrow, wide, apart):
        self.old, self.new, self.apart = tensors, {}, apart
        self.narrow = narrow["block_out_channels"]
        self.wide = wide["block_out_channels"]
        self.levels = [Space.side_by_side(*widths) for widths in zip(self.narrow, self.wide)]
        self.embedded = Space.side_by_side(self.narrow[0] * 4, self.wide[0] * 4)
        self.layers = per_level(narrow["layers_per_block"], len(self.levels))
        self.latents = originals(narrow["in_channels"])

    def put(self, name, out, into=None):
        weight = self.old[f"{name}.weight"]
        if into is None:
            self.new[f"{name}.weight"] = per_channel(weight, out)
        else:
            self.new[f"{name}.weight"] = layer(weight, out, into) + between_copies(weight, out, into, self.apart)
        if f"{name}.bias" in self.old:
            self.new[f"{name}.bias"] = per_channel(self.old[f"{name}.bias"], out)

    def resnet(self, name, into, out):
        self.put(f"{name}.norm1", into)
        self.put(f"{name}.conv1", out, into)
        self.put(f"{name}.time_emb_proj", out, self.embedded)
        self.put(f"{name}.norm2", out)
        self.put(f"{name}.conv2", out, out)
        if f"{name}.conv_shortcut.weight" in self.old:
            self.put(f"{name}.conv_shortcut", out, into)

    def transformer(self, name, level):
        if f"{name}.norm.weight" not in self.old:
            return
        space, narrow, wide = self.levels[level], self.narrow[level], self.wide[level]
        heads = Space.by_heads(narrow, wide)
        inner = Space.side_by_side(narrow * 4, wide * 4)
        block = f"{name}.transformer_blocks.0"
        self.put(f"{name}.norm", space)
        self.put(f"{name}.proj_in", space, space)
        self.put(f"{block}.norm1", space)
        for part in "qkv":
            self.put(f"{block}.attn1.to_{part}", heads, space)
        self.put(f"{block}.attn1.to_out.0", space, heads)
        self.put(f"{block}.norm3", space)
        self.put(f"{block}.ff.net.0.proj", inner.and_then(inner), space)
        self.put(f"{block}.ff.net.2", space, inner)
        self.put(f"{name}.proj_out", space, space)

    def time(self):
        """The wide embedding's frequencies lie closer; the narrow one's are every so manieth of them."""
        times = self.wide[0] // self.narrow[0]
        assert self.narrow[0] * times == self.wide[0], "the first level must grow by a whole factor"
        old = self.old["time_embedding.linear_1.weight"]
        spread = torch.zeros(old.shape[0], old.shape[1] * times)
        spread[:, ::times] = old
        self.new["time_embedding.linear_1.weight"] = spread[self.embedded.sources]
        self.new["time_embedding.linear_1.bias"] = per_channel(self.old["time_embedding.linear_1.bias"], self.embedded)
        self.put("time_embedding.linear_2", self.embedded, self.embedded)

    def run(self):
        top = len(self.levels) - 1
        self.time()
        self.put("conv_in", self.levels[0], self.latents)
        x, skips = 0, [0]  # levels whose channels flow
        for level, layers in enumerate(self.layers):
            for index in range(layers):
                self.resnet(f"down_blocks.{level}.resnets.{index}", self.levels[x], self.levels[level])
                self.transformer(f"down_blocks.{level}.attentions.{index}", level)
                x = level
                skips.append(level)
            if level < top:
                self.put(f"down_blocks.{level}.downsamplers.0.conv", self.levels[level], self.levels[level])
                skips.append(level)
        for index in range(2):
            self.resnet(f"mid_block.resnets.{index}", self.levels[top], self.levels[top])
        self.transformer("mid_block.attentions.0", top)
        for block in range(top + 1):
            level = top - block
            for index in range(self.layers[level] + 1):
                into = self.levels[x].and_then(self.levels[skips.pop()])
                self.resnet(f"up_blocks.{block}.resnets.{index}", into, self.levels[level])
                self.transformer(f"up_blocks.{block}.attentions.{index}", level)
                x = level
            if level:
                self.put(f"up_blocks.{block}.upsamplers.0.conv", self.levels[level], self.levels[level])
        self.put("conv_norm_out", self.levels[0])
        self.put("conv_out", self.latents, self.levels[0])
        return self.new


def narrowed(config, widths):
    """The same config with other widths, heads of the same size, and a pose encoder that ends as wide as the U-Net begins."""
    narrow = copy.deepcopy(config)
    unet = narrow["unet"]
    heads = per_level(unet["attention_head_dim"], len(widths))
    unet["attention_head_dim"] = [h * w // wide for h, w, wide in zip(heads, widths, unet["block_out_channels"])]
    unet["block_out_channels"] = list(widths)
    narrow["pose_encoder"]["conditioning_embedding_channels"] = widths[0]
    return narrow


def widened(model, narrow, config, apart=APART):
    """The wide model for `config`, from a narrow one."""
    wide = SCD(config)
    widening = Widening(model.unet.state_dict(), narrow["unet"], config["unet"], apart)
    unet = widening.run()
    pose = dict(model.pose_encoder.state_dict())
    for name in {"conv_out.weight", "conv_out.bias", "position.weight"} & pose.keys():
        narrow_tensor = pose[name]
        pose[name] = per_channel(narrow_tensor, widening.levels[0])
        if narrow_tensor.dim() > 1:
            pose[name] += between_copies(narrow_tensor, widening.levels[0], originals(narrow_tensor.shape[1]), apart)
    wide.unet.load_state_dict(unet)
    wide.pose_encoder.load_state_dict(pose)
    return wide


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="of the wide model")
    parser.add_argument("--from-widths", required=True, type=int, nargs="+")
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = json.loads(Path(arguments.config).read_text())
    narrow = narrowed(config, arguments.from_widths)
    torch.manual_seed(1)
    widened(SCD(narrow).load(arguments.model), narrow, config).save(arguments.out, np.float32)


if __name__ == "__main__":
    main()
