"""Trains the motion modules of a finished pack (scd.calm) on short clips with the tracks that a detector would report.

python3 -m scd.train_motion --config configs/motion.json --pack ../public/packs/default --clips runs/clips --out runs/motion
The pack's own weights stay as they are. Each step takes one clip, drawn from the noise that all its frames share, as far
as sampling would have brought it by then, and asks for the true frames and for their true changes; half of the time under
a causal mask, as live sessions see it. Started again, it goes on from its last checkpoint.
"""

import copy
import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from people.joints import as_detected, draw_skeleton
from people.tracks import as_tracked

from . import images, safetensors
from .calm import attach, time_bias
from .export import WEIGHTS
from .pack import PackConfig
from .run import Run, begin, command_line
from .scheduler import inference_timesteps
from .step import take_step

NAMES = ("references", "reference_joints", "frames", "masks", "joints")


class Clips:
    """Rendered clips, encoded once and kept beside them."""

    def __init__(self, folder, pack, settings):
        self.folder, self.pack, self.frames = Path(folder), pack, settings["frames"]
        self.autoencoder, self.places, self.known = pack.autoencoder(), [], set()
        self.refresh()

    @torch.no_grad()
    def encode(self, pictures):
        return torch.cat([self.autoencoder.encoder(images.to_tensor(part)) for part in np.array_split(pictures, -(-len(pictures) // 8))])

    def refresh(self):
        for folder in sorted(self.folder.glob("clips-????")):
            if folder in self.known:
                continue
            self.known.add(folder)
            kept = folder / "latents.npz"
            if not kept.exists():
                references, frames = (np.load(folder / f"{name}.npy") for name in ("references", "frames"))
                clips = [self.encode(clip).half().numpy() for clip in frames]
                np.savez(kept, references=self.encode(references).half().numpy(), frames=np.stack(clips))
            arrays = dict(np.load(kept))
            joints = {name: np.load(folder / f"{name}.npy") for name in ("reference_joints", "joints")}
            masks = torch.from_numpy(np.load(folder / "masks.npy")).float() / 255
            covered = F.max_pool2d(masks, masks.shape[-1] // arrays["frames"].shape[-1]).numpy()
            self.places += [(arrays, joints, covered, clip) for clip in range(len(masks))]

    def skeletons(self, poses):
        size, style = self.pack["size"], self.pack["skeleton"]
        drawn = [draw_skeleton(pose, size, size, style["limbWidth"], style["jointRadius"]) for pose in poses]
        return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).float() / 255

    def make(self, *number):
        rng = np.random.default_rng(number)
        arrays, joints, covered, clip = self.places[rng.integers(len(self.places))]
        length = len(covered[clip])
        start = rng.integers(max(1, length - self.frames + 1))
        span = slice(start, start + self.frames)
        return {
            "reference": torch.from_numpy(arrays["references"][clip : clip + 1]).float(),
            "reference_skeleton": self.skeletons([as_detected(joints["reference_joints"][clip], rng)]),
            "latents": torch.from_numpy(arrays["frames"][clip, span]).float(),
            "skeletons": self.skeletons(as_tracked(joints["joints"][clip, span], rng)),
            "person": torch.from_numpy(covered[clip, span])[:, None],
        }


class Training(Run):
    def __init__(self, config, pack, out, device):
        super().__init__(config["training"], out, device)
        torch.manual_seed(16)
        self.config, self.pack = config["motion"], pack
        self.scd = pack.scd().to(device)
        self.modules = attach(self.scd.unet, self.config).to(device)
        self.average = copy.deepcopy(self.modules).eval()
        self.parameters, self.averaged = list(self.modules.parameters()), list(self.average.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, self.settings["learning_rate"], betas=(0.9, 0.99))
        self.keep(modules=self.modules, average=self.average, optimizer=self.optimizer)

    def write(self):
        (self.out / "config.json").write_text(json.dumps(self.config, indent=2) + "\n")
        named = {f"motion.{name}": values for name, values in safetensors.from_module(self.average, np.float16).items()}
        safetensors.write(self.out / WEIGHTS, named)

    def advance(self, batch):
        settings, scd, rng = self.settings, self.scd, np.random.default_rng([16, self.step])
        torch.manual_seed(self.step)
        batch = {name: tensor.to(self.device) for name, tensor in batch.items()}
        clean, frames = batch["latents"], len(batch["latents"])
        bias = time_bias(frames, self.config["slopes"], rng.random() < 0.5, self.device)
        with torch.no_grad():
            kept, _ = scd.unet.reference_pass(batch["reference"], scd.pose_encoder(batch["reference_skeleton"]))
            pose = scd.pose_encoder(batch["skeletons"])
        latents = torch.randn_like(clean[:1]).expand_as(clean).clone()
        steps = self.pack["defaults"]["steps"]
        timesteps = inference_timesteps(scd.scheduler.config, steps).tolist()
        last = int(rng.choice(steps, p=settings["step_shares"]))
        for timestep in timesteps[: last + 1]:
            at = torch.full((frames,), timestep, device=self.device)
            with torch.set_grad_enabled(timestep == timesteps[last]):
                output = scd.unet.target_pass(latents, at, pose, kept, time=bias)
                found, _ = scd.scheduler.clean_and_noise(output, latents, at)
            latents = scd.scheduler.step(output.detach(), timestep, latents, steps)
        weight = 1 + settings["person_weight"] * batch["person"]
        loss = ((found - clean).square() * weight).mean() / weight.mean()
        pair = torch.maximum(weight[1:], weight[:-1])
        change = (found[1:] - found[:-1]) - (clean[1:] - clean[:-1])
        restless = (change.square() * pair).mean() / pair.mean()
        self.set_learning_rate(self.optimizer)
        self.step += 1
        take_step(loss + settings["change_weight"] * restless, self.optimizer, self.parameters, self.averaged, self.share_kept())
        return {"loss": float(loss), "restless": float(restless)}


def main():
    parser = command_line(__doc__)
    parser.add_argument("--pack", required=True)
    parser.add_argument("--clips", required=True)
    arguments = parser.parse_args()
    config, device = begin(arguments)
    pack = PackConfig(arguments.pack)
    training = Training(config, pack, arguments.out, device)
    training.run(Clips(arguments.clips, pack, config["training"]), arguments.minutes, arguments.planned_minutes)


if __name__ == "__main__":
    main()
