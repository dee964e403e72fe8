"""SCD and what it is compared with: ways for a U-Net to see the reference, alike in everything else."""

import torch
from torch import nn

from .pose_encoder import ControlNetConditioningEmbedding
from .scheduler import Scheduler, inference_timesteps
from .unet import Alone, Recalled, UNet2DConditionModel


class Mutual:
    """One pass over references and targets, in that order, half and half: the tokens of both attend to all."""

    watch = None
    moves = True
    time = None

    def exchange(self, keys, values):
        return tuple(torch.cat(tensor.chunk(2), 1).repeat(2, 1, 1) for tensor in (keys, values))


class Variant(nn.Module):
    """`row["reference"]`: tokens, channels, network, mutual or causal; None for a U-Net that sees no reference.

    As many references as targets. `row["pose"]` says whether the reference comes with its own skeleton.
    """

    def __init__(self, config, row):
        super().__init__()
        self.kind, self.posed = row["reference"], row.get("pose", False)
        shape = dict(config["unet"])
        channels = shape["in_channels"]
        if self.kind == "channels":
            shape["in_channels"] = 2 * channels
        if self.kind == "tokens":
            width = shape["cross_attention_dim"] = config["token_width"]
            self.tokens = nn.Sequential(nn.Conv2d(channels, width, 3, 2, 1), nn.SiLU(), nn.Conv2d(width, width, 3, 2, 1))
        if self.kind == "network":
            self.reference_unet = UNet2DConditionModel(config["unet"])
        self.unet = UNet2DConditionModel(shape)
        self.pose_encoder = ControlNetConditioningEmbedding(config["pose_encoder"])
        self.scheduler = Scheduler(config["scheduler"])
        self.initialize()

    def initialize(self):
        for part in self.children():
            if isinstance(part, UNet2DConditionModel):
                part.initialize()

    def start_from(self, base, row):
        """The weights of a U-Net that has learnt to paint people without any reference, wherever they fit."""
        with torch.no_grad():
            for part in ("unet", "pose_encoder"):
                self.copy(getattr(self, part), getattr(base, part))
            if row.get("from_base"):
                self.copy(self.reference_unet, base.unet)

    @staticmethod
    def copy(module, source):
        known = dict(source.named_parameters())
        for name, parameter in module.named_parameters():
            given = known.get(name)
            if given is None:
                continue
            if given.shape == parameter.shape:
                parameter.copy_(given)
            else:  # The first layer of the one that sees the reference beside the noise: nothing of it at first.
                parameter.zero_()[:, : given.shape[1]].copy_(given)

    def see(self, latents, skeletons):
        """What is known of the reference before any step."""
        pose = self.pose_encoder(skeletons) if self.posed else None
        if self.kind == "tokens":
            return self.tokens(latents).flatten(2).transpose(1, 2)
        if self.kind in ("causal", "network"):
            return (self.reference_unet if self.kind == "network" else self.unet).reference_pass(latents, pose)[0]
        return (latents, pose)

    def predict(self, noisy, timesteps, pose, seen):
        if self.kind is None:
            return self.unet.run(noisy, timesteps, pose, None, Alone())
        if self.kind == "tokens":
            return self.unet.run(noisy, timesteps, pose, seen, Alone())
        if self.kind == "channels":
            return self.unet.run(torch.cat([noisy, seen[0]], 1), timesteps, pose, None, Alone())
        if self.kind == "mutual":
            latents, reference_pose = seen
            poses = torch.cat([torch.zeros_like(pose) if reference_pose is None else reference_pose, pose])
            both = torch.cat([latents, noisy]), torch.cat([torch.zeros_like(timesteps), timesteps])
            return self.unet.run(*both, poses, None, Mutual()).chunk(2)[1]
        return self.unet.run(noisy, timesteps, pose, None, Recalled(seen))

    def loss(self, batch, timesteps, noise, person_weight):
        clean = batch["target_latents"]
        seen = self.see(batch["reference_latents"], batch["reference_skeletons"])
        noisy = self.scheduler.add_noise(clean, noise, timesteps)
        output = self.predict(noisy, timesteps, self.pose_encoder(batch["target_skeletons"]), seen)
        weight = (1 + person_weight * batch["person"]) * batch["counts"]
        return ((output.float() - self.scheduler.target(clean, noise, timesteps)).square() * weight).mean() / weight.mean()

    @torch.no_grad()
    def sample(self, batch, noise, steps):
        seen = self.see(batch["reference_latents"], batch["reference_skeletons"])
        pose, latents = self.pose_encoder(batch["target_skeletons"]), noise
        for timestep in inference_timesteps(self.scheduler.config, steps).tolist():
            at = torch.full((len(latents),), timestep)
            latents = self.scheduler.step(self.predict(latents, at, pose, seen), timestep, latents, steps)
        return latents
