"""Training batches for the mover: a photo of a person, another pose of theirs, and what is true of the two.

A batch is a function of its number alone, so that a resumed run sees what an unbroken one would have seen.
"""
import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from people.joints import MIRROR, as_detected, draw_skeleton
from scd.guides import STRETCH, guide_sources

from . import pictures
from .mover import CELL, warp

SIZE = 128
LIMB_WIDTH, JOINT_RADIUS = 3, 3.5


class Shard:
    NAMES = ("images", "masks", "joints", "flows", "seen", "empty")

    def __init__(self, folder):
        for name in self.NAMES:
            setattr(self, name, np.load(folder / f"{name}.npy", mmap_mode="r"))
        self.meta = json.loads((folder / "meta.json").read_text())


def window(rng, joints, H):
    """A close-up now and then: the middle and the zoom of what is shown of a picture, as shares of its side."""
    if rng.random() < .62:
        return np.array([.5, .5], np.float32), 1.
    zoom = rng.uniform(1.05, 2.1)
    seen = joints[joints[:, 2] > 0, :2] / H
    if rng.random() < .5:
        seen = seen[seen[:, 1] <= np.median(seen[:, 1]) + 1e-6]  # heads and chests more often than feet
    middle = seen.mean(0) + rng.normal(0, .06, 2)
    return np.clip(middle, .5 / zoom, 1 - .5 / zoom).astype(np.float32), float(zoom)


def shown(joints, H, middle, zoom):
    """Joints in a window's pixels; what it leaves out is not seen."""
    out = joints.astype(np.float64).copy()
    out[:, :2] = ((out[:, :2] / H - middle) * zoom + .5) * SIZE
    outside = (out[:, :2] < 0).any(1) | (out[:, :2] >= SIZE).any(1)
    out[outside, 2] = 0
    return out


TRUNK = [0, 1, 2, 5, 8, 11, 14, 15, 16, 17]
LIMB_COUNTS = .3  # beside a joint of head or trunk


def of_whole(target, reference, places):
    """Where places come from if the body moved as one piece: the similarity nearest to taking its joints along."""
    seen = (target[:, 2] > 0) & (reference[:, 2] > 0)
    if seen.sum() < 2:
        return places
    share = np.where(np.isin(np.arange(18), TRUNK), 1., LIMB_COUNTS)[seen]
    there, here = (pose[seen, 0] + 1j * pose[seen, 1] for pose in (target, reference))
    middles = [(share * points).sum() / share.sum() for points in (there, here)]
    factor = (share * np.conj(there - middles[0]) * (here - middles[1])).sum() / max((share * abs(there - middles[0]) ** 2).sum(), 1e-6)
    factor *= np.clip(abs(factor), *STRETCH) / max(abs(factor), 1e-6)
    return factor * (places - middles[0]) + middles[1]


def sources_by_guides(target, reference):
    """Where limbs, torso and the whole body have the cells come from by the poses alone, as shares, and nearness."""
    cells = SIZE // CELL
    y, x = np.mgrid[0:cells, 0:cells]
    at = (x + .5) * CELL + 1j * ((y + .5) * CELL)
    torso, limbs, near = guide_sources(at, target, reference, SIZE)
    split = lambda c: np.stack([c.real, c.imag]).astype(np.float32) / SIZE  # noqa: E731
    return split(limbs), split(torso), split(of_whole(target, reference, at)), near.transpose(2, 0, 1).astype(np.float32)


class Batches:
    def __init__(self, folder, size, varied=True, skip=0):
        self.folder, self.size, self.varied, self.skip = Path(folder), size, varied, skip
        self.shards = {}
        self.refresh()

    def refresh(self):
        for path in sorted(self.folder.glob("shard-????"))[self.skip:]:
            if path not in self.shards:
                self.shards[path] = Shard(path)
        self.places = [(shard, i) for shard in self.shards.values() for i in range(len(shard.meta))]

    def row(self, shard, person, reference, target, rng):
        """Arrays of one sample, not yet windowed."""
        picture = lambda array: array.astype(np.float32) * np.float32(1 / 255)  # noqa: E731
        H = shard.images.shape[3]
        arrays = dict(photo=picture(shard.images[person, reference]), truth=picture(shard.images[person, target]),
                      place=picture(shard.empty[person]), photo_mask=picture(shard.masks[person, reference])[..., None],
                      mask=picture(shard.masks[person, target])[..., None], flow=shard.flows[person, reference, target].astype(np.float32),
                      seen=shard.seen[person, reference, target][..., None].astype(np.float32))
        poses = [shard.joints[person, reference], shard.joints[person, target]]
        if self.varied and rng.random() < .5:
            arrays = {name: array[:, ::-1] for name, array in arrays.items()}
            arrays["flow"] = arrays["flow"] * np.array([-1, 1], np.float32) + np.array([1, 0], np.float32)
            poses = [p[MIRROR] * np.array([-1, 1, 1], np.float32) + np.array([H, 0, 0], np.float32) for p in poses]
        windows = [window(rng, p, H) if self.varied else (np.array([.5, .5], np.float32), 1.) for p in poses]
        poses = [shown(p, H, *w) for p, w in zip(poses, windows)]
        strength = rng.uniform(0, 1.1) if self.varied else 1.
        poses = [as_detected(p, rng, strength) for p in poses]
        limbs, torso, whole, nearness = sources_by_guides(poses[1], poses[0])
        skeletons = [draw_skeleton(p, SIZE, SIZE, LIMB_WIDTH, JOINT_RADIUS).astype(np.float32) / 255 for p in poses]
        arrays.update(skeleton_photo=skeletons[0], skeleton=skeletons[1], limbs=limbs, torso=torso, whole=whole, nearness=nearness)
        return arrays, windows

    def windowed(self, rows, rng):
        (first, target) = (np.array([w[i][0] for _, w in rows]) for i in (0, 1))
        zooms = [np.array([w[i][1] for _, w in rows], np.float32) for i in (0, 1)]
        stack = lambda name: torch.from_numpy(np.stack([a[name] for a, _ in rows])).permute(0, 3, 1, 2)  # noqa: E731
        plain = lambda name: torch.from_numpy(np.stack([a[name] for a, _ in rows]))  # noqa: E731
        grid = torch.from_numpy(np.stack(np.meshgrid((np.arange(SIZE) + .5) / SIZE, (np.arange(SIZE) + .5) / SIZE)).astype(np.float32))
        cut = lambda middle, zoom: torch.from_numpy(middle)[:, :, None, None] + (grid[None] - .5) / torch.from_numpy(zoom)[:, None, None, None]  # noqa: E731
        photo_at, target_at = cut(first, zooms[0]), cut(target, zooms[1])
        batch = {name: warp(stack(name), photo_at) for name in ("photo", "photo_mask")}
        batch.update({name: warp(stack(name), target_at) for name in ("truth", "place", "mask")})
        near = F.grid_sample(torch.cat([stack("flow"), stack("seen")], 1), target_at.permute(0, 2, 3, 1) * 2 - 1, mode="nearest",
                             padding_mode="border", align_corners=False)
        source = (near[:, :2] - torch.from_numpy(first)[:, :, None, None]) * torch.from_numpy(zooms[0])[:, None, None, None] + .5
        inside = ((source > 0) & (source < 1)).all(1, keepdim=True)
        batch.update(source=source, seen=(near[:, 2:] > 1.5).float() * inside, there=(near[:, 2:] > .5).float() * ((source > -.4) & (source < 1.4)).all(1, keepdim=True))
        outline = batch["photo_mask"][:, 0].numpy()
        if self.varied:
            # Light and colours change for all pictures of a sample alike, after they are small.
            together = torch.cat([batch[name] for name in ("photo", "truth", "place")], 3).permute(0, 2, 3, 1).numpy()
            together = np.stack([pictures.palette(rng)(p) for p in together]).transpose(0, 3, 1, 2)
            batch.update(zip(("photo", "truth", "place"), map(torch.from_numpy, np.split(together, 3, 3))))
        photo = batch["photo"].permute(0, 2, 3, 1).numpy()
        if self.varied:
            photo = np.stack([pictures.worn(p, rng) for p in photo])
        batch["outline"] = torch.from_numpy(np.stack([pictures.rough_outline(m, rng) for m in outline]))[:, None]
        batch["photo"] = torch.from_numpy(np.ascontiguousarray(photo.transpose(0, 3, 1, 2)))
        for name in ("photo", "truth", "place"):
            batch[name] = batch[name] * 2 - 1
        for name in ("skeleton_photo", "skeleton"):
            batch[name] = stack(name)
        for name in ("limbs", "torso", "whole", "nearness"):
            batch[name] = plain(name)
        return {name: tensor.contiguous() for name, tensor in batch.items()}

    def make(self, number, rank=0):
        rng = np.random.default_rng([number, rank, 17])
        rows = []
        for _ in range(self.size):
            shard, person = self.places[rng.integers(len(self.places))]
            references, poses = shard.seen.shape[1:3]
            reference = int(rng.integers(references)) if self.varied else 0
            target = int(rng.integers(poses))
            if target == reference and rng.random() < .8:
                target = (target + 1) % poses
            rows.append(self.row(shard, person, reference, target, rng))
        return self.windowed(rows, rng)
