"""Measures motion modules on clips that training never saw, with the tracks that a detector would report.

python3 -m scd.evaluate_motion --config configs/motion.json --pack ../public/packs/default --model runs/motion
    --assets DIR --out runs/motion-evaluation
Each clip is painted without modules, with them over all its frames, and under a causal mask; frames are as the decoder
makes them. `temporalError`: the mean difference of the change from frame to frame from the truth's, inside the person, in
levels of 255. `psnrPerson`: inside the person. Writes figures.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from people import assets as catalogue
from people.clips import render_clip
from people.joints import as_detected, draw_skeleton
from people.shards import HELD_OUT, add_asset_options
from people.tracks import as_tracked

from . import images, metrics, safetensors
from .calm import attach, time_bias
from .export import WEIGHTS
from .pack import PackConfig
from .scheduler import inference_timesteps

FIRST_SEED = HELD_OUT + 200_000
FRAMES = 24


class Painter:
    def __init__(self, pack, config, model):
        self.pack, self.config = pack, config
        self.scd, self.autoencoder = pack.scd(), pack.autoencoder()
        modules = attach(self.scd.unet, config)
        named = safetensors.read(Path(model) / WEIGHTS)
        prefix = "motion."
        modules.load_state_dict({name[len(prefix) :]: torch.from_numpy(values.astype(np.float32)) for name, values in named.items()})

    def skeletons(self, poses):
        size, style = self.pack["size"], self.pack["skeleton"]
        drawn = [draw_skeleton(pose, size, size, style["limbWidth"], style["jointRadius"]) for pose in poses]
        return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).float() / 255

    @torch.no_grad()
    def paint(self, photo, photo_joints, track, time):
        """`time`: what joins the frames, or None."""
        scd, steps = self.scd, self.pack["defaults"]["steps"]
        reference = self.autoencoder.encoder(images.to_tensor(photo[None]))
        kept, _ = scd.unet.reference_pass(reference, scd.pose_encoder(self.skeletons([photo_joints])))
        pose = scd.pose_encoder(self.skeletons(track))
        start = torch.randn(reference.shape, generator=torch.Generator().manual_seed(3))
        latents = start.expand(len(track), -1, -1, -1).clone()
        for timestep in inference_timesteps(scd.scheduler.config, steps).tolist():
            output = scd.unet.target_pass(latents, torch.full((len(track),), timestep), pose, kept, time=time)
            latents = scd.scheduler.step(output, timestep, latents, steps)
        frames = torch.cat([self.autoencoder.decoder(part) for part in latents.split(8)])
        return images.to_tensor(images.to_pixels(frames))


def measures(found, truth, mask):
    both = torch.maximum(mask[1:], mask[:-1])
    change = ((found[1:] - found[:-1]) - (truth[1:] - truth[:-1])).abs().mean(1, keepdim=True) * 127.5
    return {
        "temporalError": float((change * both).sum() / both.sum()),
        "psnrPerson": float(metrics.psnr(found, truth, mask).mean()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_asset_options(parser)
    parser.add_argument("--config", required=True)
    parser.add_argument("--pack", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--frames", type=int, default=FRAMES)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config = json.loads(Path(arguments.config).read_text())["motion"]
    painter = Painter(PackConfig(arguments.pack), config, arguments.model)
    assets = catalogue.load(arguments.assets, arguments.cache)
    ways = {"without": None}
    for name, causal in (("with", False), ("causal", True)):
        ways[name] = time_bias(arguments.frames, config["slopes"], causal)
    rows = {name: [] for name in ways}
    for clip in range(arguments.clips):
        photo, photo_joints, frames, masks, joints = render_clip(FIRST_SEED + clip, assets, arguments.frames, painter.pack["size"])
        rng = np.random.default_rng(clip)
        track, seen = as_tracked(joints, rng), as_detected(photo_joints, rng)
        truth, mask = images.to_tensor(frames), torch.from_numpy(masks > 127)[:, None].float()
        for name, time in ways.items():
            rows[name].append(measures(painter.paint(photo, seen, track, time), truth, mask))
        print(clip, {name: {key: round(value, 3) for key, value in each[-1].items()} for name, each in rows.items()}, flush=True)
    means = {name: {key: float(np.mean([row[key] for row in each])) for key in each[0]} for name, each in rows.items()}
    for name in ("with", "causal"):
        means[name]["temporalErrorRatio"] = means[name]["temporalError"] / means["without"]["temporalError"]
        means[name]["psnrPersonGain"] = means[name]["psnrPerson"] - means["without"]["psnrPerson"]
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "figures.json").write_text(json.dumps(means, indent=2) + "\n")
    print(json.dumps(means))


if __name__ == "__main__":
    main()
