"""SCD as a whole: U-Net, pose encoder and schedule; what training optimises and what sampling runs."""

from pathlib import Path

import torch
from torch import nn

from . import safetensors
from .pose_encoder import ControlNetConditioningEmbedding
from .scheduler import Scheduler, inference_timesteps
from .unet import UNet2DConditionModel

PARTS = ("unet", "pose_encoder")


class SCD(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.unet = UNet2DConditionModel(config["unet"])
        self.pose_encoder = ControlNetConditioningEmbedding(config["pose_encoder"])
        self.scheduler = Scheduler(config["scheduler"])

    def initialize(self):
        self.unet.initialize()
        return self

    def save(self, folder, dtype):
        Path(folder).mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            safetensors.write(Path(folder) / f"{part}.safetensors", safetensors.from_module(getattr(self, part), dtype))

    def load(self, folder):
        for part in PARTS:
            safetensors.into_module(getattr(self, part), Path(folder) / f"{part}.safetensors")
        return self

    def loss(self, batch, timesteps, noise, with_reference, person_weight, own_estimates=False, guide=None):
        """The error of the prediction on the targets; the reference pass is trained only through its K and V.

        `batch` holds reference latents and skeletons, and a whole number of targets for each reference.
        With `own_estimates` the noise covers what the network itself makes of pure noise, in place of the truth: the
        states that sampling will show it. A `guide` watches where the targets look.
        """
        clean = batch["target_latents"]
        features = self.pose_encoder(torch.cat([batch["target_skeletons"], batch["reference_skeletons"]]))
        target_pose, reference_pose = features.split([len(clean), len(batch["reference_latents"])])
        kept = self.unet.reference_pass(batch["reference_latents"], reference_pose)[0] if with_reference else None
        shown = self.first_estimate(noise, target_pose, kept) if own_estimates else clean
        noisy = self.scheduler.add_noise(shown, noise, timesteps)
        output = self.unet.target_pass(noisy, timesteps, target_pose, kept, guide=guide)
        error = (output.float() - self.scheduler.target(clean, noise, timesteps)).square()
        weight = (1 + person_weight * batch["person"]) * batch["counts"]
        return (error * weight).mean() / weight.mean()

    @torch.no_grad()
    def first_estimate(self, noise, pose, kept):
        last = torch.full((len(noise),), len(self.scheduler.alphas) - 1, device=noise.device)
        output = self.unet.target_pass(noise, last, pose, kept)
        # Weights that autocast has cast without gradients would be used again where gradients are wanted.
        torch.clear_autocast_cache()
        return self.scheduler.clean_and_noise(output.float(), noise, last)[0]

    @torch.no_grad()
    def sample(self, reference_latents, reference_skeletons, target_skeletons, noise, steps, guidance=1.0):
        """Latents of one target a reference, by DDIM from `noise`."""
        kept, _ = self.unet.reference_pass(reference_latents, self.pose_encoder(reference_skeletons))
        pose = self.pose_encoder(target_skeletons)
        latents = noise
        for timestep in inference_timesteps(self.scheduler.config, steps).tolist():
            at = torch.full((len(latents),), timestep, device=latents.device)
            output = self.unet.target_pass(latents, at, pose, kept)
            if guidance != 1:
                alone = self.unet.target_pass(latents, at, pose)
                output = alone + guidance * (output - alone)
            latents = self.scheduler.step(output, timestep, latents, steps)
        return latents
