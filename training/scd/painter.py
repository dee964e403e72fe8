"""A finished model on a device: from photos and joints to pictures."""

from pathlib import Path

import numpy as np
import torch

from people.joints import draw_skeleton

from . import images, safetensors
from .autoencoder import AutoencoderTiny
from .export import WEIGHTS
from .guides import guides
from .model import SCD
from .retoucher import Retoucher
from .warp import middles

BATCH = 20


class Painter:
    def __init__(self, config, autoencoder, model, device, retoucher=None):
        self.config, self.device = config, device
        layout = {"device": device, "memory_format": torch.channels_last}
        self.autoencoder = safetensors.into_module(AutoencoderTiny(config["autoencoder"]), Path(autoencoder) / WEIGHTS)
        self.autoencoder = self.autoencoder.to(**layout).eval()
        self.scd = SCD(config).load(model).to(**layout).eval()
        self.retoucher = None
        if retoucher:
            self.retoucher = safetensors.into_module(Retoucher(config["retoucher"]), Path(retoucher) / WEIGHTS)
            self.retoucher = self.retoucher.to(**layout).eval()

    @torch.no_grad()
    def in_parts(self, function, *inputs):
        """Applies a function to `BATCH` images at a time."""
        parts = [function(*(t.to(self.device) for t in rows)).cpu() for rows in zip(*(i.split(BATCH) for i in inputs))]
        return torch.cat(parts)

    def encode(self, pictures):
        return self.in_parts(self.autoencoder.encoder, pictures)

    def decode(self, latents):
        """As pixels: rounded to 256 levels, like everything that is compared."""
        decoded = self.in_parts(self.autoencoder.decoder, latents)
        return images.to_tensor(images.to_pixels(decoded))

    def skeletons(self, joints):
        style, size = self.config["skeleton"], self.config["size"]
        drawn = [draw_skeleton(pose, size, size, style["limbWidth"], style["jointRadius"]) for pose in joints]
        return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).float() / 255

    def noise(self, count, seed=3):
        """The same for every call of one size."""
        side = self.config["size"] // 2 ** (len(self.config["autoencoder"]["num_decoder_blocks"]) - 1)
        shape = count, self.config["autoencoder"]["latent_channels"], side, side
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    def generate(self, photos, reference_joints, target_joints, noise, steps, guidance=1.0):
        """`photos`: uint8 (n, height, width, 3)."""

        def sample(reference, reference_skeletons, skeletons, start):
            return self.scd.sample(reference, reference_skeletons, skeletons, start, steps, guidance)

        skeletons = self.skeletons(reference_joints), self.skeletons(target_joints)
        frames = self.decode(self.in_parts(sample, self.encode(images.to_tensor(photos)), *skeletons, noise))
        return self.retouch(frames, photos, reference_joints, target_joints) if self.retoucher else frames

    def retouch(self, frames, photos, reference_joints, target_joints):
        places = middles(*photos.shape[1:3])
        rows = [guides(*row, places) for row in zip(photos, target_joints, reference_joints)]
        torso, limbs, near = (torch.from_numpy(np.stack(each)).permute(0, 3, 1, 2).float() for each in zip(*rows))
        pieces = images.to_tensor(photos), torso / 127.5 - 1, limbs / 127.5 - 1
        retouched = self.in_parts(self.retoucher, frames, *pieces, near)
        return images.to_tensor(images.to_pixels(retouched))
