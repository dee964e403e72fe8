"""diffusers' DDIMScheduler without its noise (eta 0), and the forward process that training needs."""

import numpy as np
import torch


PREDICTIONS = ("epsilon", "v_prediction")


def alphas_cumprod(config):
    count = config["num_train_timesteps"]
    start, end = config["beta_start"], config["beta_end"]
    if config["beta_schedule"] == "scaled_linear":
        betas = torch.linspace(start**0.5, end**0.5, count, dtype=torch.float32) ** 2
    elif config["beta_schedule"] == "linear":
        betas = torch.linspace(start, end, count, dtype=torch.float32)
    else:
        raise ValueError(f"unknown beta_schedule {config['beta_schedule']}")
    if config.get("rescale_betas_zero_snr", False):
        roots = torch.cumprod(1 - betas, 0).sqrt()
        first, last = roots[0].clone(), roots[-1].clone()
        roots = (roots - last) * first / (first - last)
        bars = roots**2
        alphas = torch.cat([bars[:1], bars[1:] / bars[:-1]])
        betas = 1 - alphas
    return torch.cumprod(1 - betas, 0)


def inference_timesteps(config, steps):
    count = config["num_train_timesteps"]
    spacing = config.get("timestep_spacing", "leading")
    if spacing == "trailing":
        return (np.round(np.arange(count, 0, -count / steps)) - 1).astype(np.int64)
    if spacing == "linspace":
        return np.linspace(0, count - 1, steps).round()[::-1].astype(np.int64)
    return (np.arange(steps) * (count // steps)).round()[::-1].astype(np.int64) + config.get("steps_offset", 0)


class Scheduler:
    def __init__(self, config):
        self.config = config
        self.prediction = config.get("prediction_type", "epsilon")
        if self.prediction not in PREDICTIONS:
            raise ValueError(f"unknown prediction_type {self.prediction}")
        self.alphas = alphas_cumprod(config)

    def levels(self, timesteps, like):
        """Signal and noise levels at some time steps, shaped to multiply `like`."""
        alphas = self.alphas.to(like.device)[timesteps].view(-1, *[1] * (like.dim() - 1))
        return alphas.sqrt(), (1 - alphas).sqrt()

    def add_noise(self, clean, noise, timesteps):
        signal, noisy = self.levels(timesteps, clean)
        return signal * clean + noisy * noise

    def target(self, clean, noise, timesteps):
        """What the network should predict."""
        if self.prediction == "epsilon":
            return noise
        signal, noisy = self.levels(timesteps, clean)
        return signal * noise - noisy * clean

    def clean_and_noise(self, output, latents, timesteps):
        signal, noisy = self.levels(timesteps, latents)
        if self.prediction == "epsilon":
            return (latents - noisy * output) / signal, output
        return signal * latents - noisy * output, signal * output + noisy * latents

    def step(self, output, timestep, latents, steps):
        """One DDIM step from `timestep` towards the next of `steps`."""
        before = timestep - self.config["num_train_timesteps"] // steps
        if before >= 0:
            alpha = self.alphas[before]
        else:
            alpha = torch.tensor(1.0) if self.config.get("set_alpha_to_one", True) else self.alphas[0]
        at = torch.full((latents.shape[0],), int(timestep), device=latents.device)
        clean, noise = self.clean_and_noise(output, latents, at)
        if self.config.get("clip_sample", True):
            limit = self.config.get("clip_sample_range", 1.0)
            clean = clean.clamp(-limit, limit)
        return float(alpha) ** 0.5 * clean + float(1 - alpha) ** 0.5 * noise
