"""Counts the floating-point operations (two a multiply-add) of convolutions, linear layers and attention in a call."""

from contextlib import contextmanager

import torch
from torch import nn

from .layers import Attention


@contextmanager
def counted(module):
    """Yields a dict whose "flops" grows while `module` runs."""
    total = {"flops": 0}

    def convolution(layer, inputs, output):
        total["flops"] += 2 * output.numel() * layer.weight[0].numel()

    def linear(layer, inputs, output):
        total["flops"] += 2 * output.numel() * layer.in_features

    def attention(layer, inputs, output):
        x, keys, _ = inputs
        total["flops"] += 4 * x.shape[0] * x.shape[1] * keys.shape[1] * x.shape[2]

    kinds = {nn.Conv2d: convolution, nn.Linear: linear, Attention: attention}
    hooks = [layer.register_forward_hook(kinds[type(layer)]) for layer in module.modules() if type(layer) in kinds]
    try:
        yield total
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def of_target_pass(unet, rows, columns):
    """An evaluation of the U-Net for one target that sees one reference."""
    latents = torch.zeros(1, unet.config["in_channels"], rows, columns)
    kept, _ = unet.reference_pass(latents)
    with counted(unet) as total:
        unet.target_pass(latents, torch.zeros(1), None, kept)
    return total["flops"]


@torch.no_grad()
def of_decoding(autoencoder, rows, columns):
    with counted(autoencoder) as total:
        autoencoder.decoder(torch.zeros(1, autoencoder.config["latent_channels"], rows, columns))
    return total["flops"]
