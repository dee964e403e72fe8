"""Rendered people on disk: shards of images, masks and joints, mapped, not loaded.

DATA/shard-0000/ holds images.npy (uint8, person x pose x height x width x 3), masks.npy (uint8, 255 where the person
is), joints.npy (float32, person x pose x 18 x (x, y, visible)) and meta.json (one entry a person).
"""

import json
from pathlib import Path

import numpy as np


class Shard:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.images = np.load(self.folder / "images.npy", mmap_mode="r")
        self.masks = np.load(self.folder / "masks.npy", mmap_mode="r")
        self.joints = np.load(self.folder / "joints.npy", mmap_mode="r")
        self.meta = json.loads((self.folder / "meta.json").read_text())

    def __len__(self):
        return len(self.images)


class People:
    """All finished shards of some folders. `refresh` picks up what a renderer has added meanwhile."""

    def __init__(self, folders, skip=0):
        self.folders = [Path(folder) for folder in folders]
        self.skip = skip
        self.shards = []
        self.refresh()

    def refresh(self):
        known = {shard.folder for shard in self.shards}
        found = [f for folder in self.folders for f in sorted(folder.glob("shard-????"))[self.skip :]]
        self.shards += [Shard(folder) for folder in found if folder not in known]
        self.places = [(s, i) for s, shard in enumerate(self.shards) for i in range(len(shard))]

    def __len__(self):
        return len(self.places)

    def locate(self, person):
        shard, index = self.places[person]
        return self.shards[shard], index


def crop_around_person(image, mask, size, rng):
    """A square crop whose centre is drawn from the person's pixels three times in four, from the image otherwise."""
    height, width = mask.shape
    if size >= height and size >= width:
        return image, mask
    if rng.random() < 0.75 and mask.any():
        rows, columns = np.nonzero(mask[::4, ::4])
        if len(rows):
            pick = rng.integers(len(rows))
            y, x = rows[pick] * 4, columns[pick] * 4
        else:
            y, x = height // 2, width // 2
    else:
        y, x = rng.integers(height), rng.integers(width)
    top = int(np.clip(y - rng.integers(size), 0, height - size))
    left = int(np.clip(x - rng.integers(size), 0, width - size))
    window = slice(top, top + size), slice(left, left + size)
    return image[window], mask[window]
