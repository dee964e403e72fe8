"""A clip denoised in windows, step after step with all frames in hand, as truth for sampling that goes along the clip.

python3 -m scd.windows_fixture --out ../fixtures/windows.json
The network is a formula that looks at a whole window and at a frame's place in it:
    prediction = sin(1.3 sample + 0.1 place) + 0.5 mean of the window - 0.01 timestep / 1000
"""

import argparse
import json
from pathlib import Path

import torch

from .scheduler import Scheduler, inference_timesteps

SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "clip_sample": False,
}
WIDTH, STEPS = 3, 4
CASES = [(4, 6, 2), (6, 6, 2), (7, 6, 2), (17, 6, 2), (17, 6, 4), (16, 6, 0), (13, 4, 3)]


def uniform(frames, size, overlap):
    """Round from the end to the beginning, at a stride of one, and the same windows at every step."""
    if frames <= size:
        return [list(range(frames))]
    return [[at % frames for at in range(start, start + size)] for start in range(0, frames, size - overlap)]


def sliding(frames, size, overlap):
    if frames <= size:
        return [list(range(frames))]
    starts = [start for start in range(0, frames, size - overlap) if start + size < frames] + [frames - size]
    return [list(range(start, start + size)) for start in starts]


def network(samples, timestep):
    places = torch.arange(len(samples), dtype=torch.float32)[:, None]
    return torch.sin(1.3 * samples + 0.1 * places) + 0.5 * samples.mean(0) - 0.01 * int(timestep) / 1000


def denoise(noise, windows):
    scheduler, latents = Scheduler(SCHEDULE), noise
    for timestep in inference_timesteps(SCHEDULE, STEPS):
        total, counts = torch.zeros_like(latents), torch.zeros(len(latents), 1)
        for window in windows:
            total[window] += network(latents[window], timestep)
            counts[window] += 1
        latents = scheduler.step(total / counts, timestep, latents, STEPS)
    return latents


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    torch.manual_seed(16)
    cases = []
    for frames, size, overlap in CASES:
        for order in (uniform, sliding):
            noise = torch.randn(frames, WIDTH)
            windows = order(frames, size, overlap)
            row = {"frames": frames, "size": size, "overlap": overlap, "order": order.__name__, "windows": windows}
            cases.append({**row, "noise": noise.tolist(), "latents": denoise(noise, windows).tolist()})
    Path(arguments.out).write_text(json.dumps({"scheduler": SCHEDULE, "steps": STEPS, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
