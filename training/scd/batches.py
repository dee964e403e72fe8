"""Training batches for the U-Net: a few references, several targets for each, all of the same person and place.

A batch is a function of its number alone, so that a resumed run sees what an unbroken one would have seen.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from people.joints import MIRROR, as_detected, draw_skeleton

from .warp import limb_sources, middles


class EncodedShard:
    def __init__(self, folder):
        self.folder = folder
        self.latents = np.load(folder / "latents.npy", mmap_mode="r")
        mirrored = folder / "mirrored.npy"
        self.mirrored = np.load(mirrored, mmap_mode="r") if mirrored.exists() else None
        self.person = np.load(folder / "person.npy", mmap_mode="r")
        self.joints = np.load(folder / "joints.npy", mmap_mode="r")
        self.meta = json.loads((folder / "meta.json").read_text())

    def __len__(self):
        return len(self.latents)


def mirror_joints(joints, width):
    mirrored = joints[..., MIRROR, :].copy()
    mirrored[..., 0] = width - mirrored[..., 0]
    return mirrored


class Batches:
    def __init__(self, folders, size, skeleton, references, targets, unmoved=0.0):
        """`unmoved`: how many of the references are asked for once as they stand, which teaches to copy."""
        self.folders = [Path(folder) for folder in folders]
        self.shards = {}
        self.size = size
        self.skeleton = skeleton
        self.references = references
        self.targets = targets
        self.unmoved = unmoved
        self.refresh()

    def refresh(self):
        """Takes in the shards that were finished meanwhile."""
        for folder in self.folders:
            for path in sorted(folder.glob("shard-????")):
                if path not in self.shards:
                    self.shards[path] = EncodedShard(path)
        self.places = [(shard, person) for shard in self.shards.values() for person in range(len(shard))]

    def draw(self, joints, rng):
        detected = as_detected(joints, rng) if rng is not None else joints
        return draw_skeleton(detected, self.size, self.size, self.skeleton["limbWidth"], self.skeleton["jointRadius"])

    def people(self, rng):
        return [self.places[i] for i in rng.choice(len(self.places), self.references, replace=False)]

    def rows(self, number):
        rng = np.random.default_rng(number)
        rows = []
        for shard, person in self.people(rng):
            poses = rng.permutation(shard.latents.shape[1])[: self.targets + 1]
            if rng.random() < self.unmoved:
                poses[1] = poses[0]
            rows.append(self.row(shard, person, poses, rng))
        return rows

    def make(self, *number):
        return collate(self.rows(number))

    def row(self, shard, person, poses, rng=None):
        """One reference (the first pose) and its targets. Without `rng` the joints stay true and nothing is mirrored."""
        mirror = rng is not None and shard.mirrored is not None and rng.random() < 0.5
        latents = (shard.mirrored if mirror else shard.latents)[person][poses]
        joints, covered = shard.joints[person][poses], shard.person[person][poses]
        if mirror:
            joints, covered = mirror_joints(joints, self.size), covered[..., ::-1]
        cell = self.size // latents.shape[-1]
        places = middles(self.size, self.size, cell)
        sources = np.stack([limb_sources(places, joints[0], pose, self.size) for pose in joints[1:]]) / self.size
        return {
            "mirrored": mirror,
            "joints": joints,
            "latents": latents,
            "sources": np.stack([sources.real, sources.imag], 1),
            "skeletons": np.stack([self.draw(pose, rng) for pose in joints]),
            "person": np.ascontiguousarray(covered[1:]),
            "shared": np.full(len(poses) - 1, shard.meta[person]["sharedBackground"]),
        }


def collate(rows):
    latents = torch.from_numpy(np.stack([row["latents"] for row in rows]).astype(np.float32))
    skeletons = torch.from_numpy(np.stack([row["skeletons"] for row in rows])).permute(0, 1, 4, 2, 3)
    person = torch.from_numpy(np.concatenate([row["person"] for row in rows]).astype(np.float32))[:, None]
    shared = torch.from_numpy(np.concatenate([row["shared"] for row in rows])).float()[:, None, None, None]
    sources = torch.from_numpy(np.concatenate([row["sources"] for row in rows]).astype(np.float32))
    # A cell beside the person shows its outline. A background that the reference does not show counts for nothing.
    person = F.max_pool2d(person, 3, 1, 1)
    return {
        "reference_latents": latents[:, 0],
        "reference_skeletons": skeletons[:, 0],
        "target_latents": latents[:, 1:].flatten(0, 1),
        "target_skeletons": skeletons[:, 1:].flatten(0, 1),
        "sources": sources,
        "person": person,
        "counts": torch.maximum(person, shared.expand_as(person)),
    }


def onto(batch, device):
    """Moves a batch; skeletons become floats in [0, 1] there."""
    moved = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
    for name in ("reference_skeletons", "target_skeletons"):
        moved[name] = moved[name].float() / 255
    layout = torch.channels_last
    return {name: tensor.contiguous(memory_format=layout) for name, tensor in moved.items()}
