"""Batches for the parser: rendered pictures made as different from each other as photographs are, beside an outline and a
skeleton as a pose detector would give them.
"""

import io
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch.nn import functional as F

from people.joints import MIRROR, as_detected, draw_skeleton


def smooth_noise(rng, size, cells):
    grid = torch.from_numpy(rng.normal(size=(1, 1, cells, cells)).astype(np.float32))
    return F.interpolate(grid, size=(size, size), mode="bicubic", align_corners=False)[0, 0].numpy()


def blurred(plane, sigma):
    """plane: (H, W) in 0..1."""
    pixels = Image.fromarray((plane.clip(0, 1) * 255).astype(np.uint8))
    return np.asarray(pixels.filter(ImageFilter.GaussianBlur(sigma)), np.float32) / 255


def rough_outline(person, rng):
    """An outline as detectors give them: soft, a little too large or small here and there, parts of limbs lost; at times none."""
    if rng.random() < 0.1:
        return np.zeros(person.shape, np.float32)
    size = person.shape[0]
    soft = blurred(person, rng.uniform(1, 4)) + smooth_noise(rng, size, int(rng.integers(4, 16))) * rng.uniform(0.02, 0.2)
    outline = 1 / (1 + np.exp(-(soft - rng.uniform(0.35, 0.65)) * rng.uniform(6, 25)))
    if rng.random() < 0.15:
        y, x, half = *rng.integers(size, size=2), size // rng.integers(10, 30)
        outline[max(0, y - half) : y + half, max(0, x - half) : x + half] *= rng.random() < 0.3
    return blurred(outline, rng.uniform(0.5, 2)).clip(0, 1)


def look_of_another_camera(image, rng):
    """Other colours, light, contrast, sharpness, noise and compression. image: float (H, W, 3) in 0..1."""
    size = image.shape[0]
    if rng.random() < 0.3:
        image = image[..., rng.permutation(3)]
    grey = image.mean(-1, keepdims=True)
    image = grey + (image - grey) * (rng.uniform(0.3, 1.7) if rng.random() < 0.7 else 1)
    if rng.random() < 0.08:
        image = np.repeat(grey, 3, -1)
    image = image.clip(0, 1) ** np.exp(rng.normal() * 0.35)
    image = (image - 0.5) * rng.uniform(0.55, 1.35) + 0.5 + rng.normal() * 0.08
    image = image * rng.uniform(0.85, 1.15, 3)
    if rng.random() < 0.4:
        image = image * (1 + 0.25 * smooth_noise(rng, size, 3))[..., None]
    if rng.random() < 0.35:
        small = int(size * rng.uniform(0.3, 0.9))
        pixels = Image.fromarray((image.clip(0, 1) * 255).astype(np.uint8))
        image = np.asarray(pixels.resize((small, small), Image.BILINEAR).resize((size, size), Image.BICUBIC), np.float32) / 255
    if rng.random() < 0.25:
        soft = Image.fromarray((image.clip(0, 1) * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.5))
        image = image + (image - np.asarray(soft, np.float32) / 255) * rng.uniform(0.3, 1.5)
    if rng.random() < 0.5:
        image = image + rng.normal(size=image.shape) * rng.uniform(0.005, 0.06)
    if rng.random() < 0.4:
        store = io.BytesIO()
        Image.fromarray((image.clip(0, 1) * 255).astype(np.uint8)).save(store, "JPEG", quality=int(rng.integers(25, 90)))
        image = np.asarray(Image.open(store), np.float32) / 255
    return image.clip(0, 1).astype(np.float32)


def placed(image, labels, joints, rng, alone, side):
    """Turned, zoomed, shifted and mirrored; what lies outside repeats the edge, which bears no person.
    The result has `side` pixels a side."""
    size = image.shape[0]
    zoom, turn = np.exp(rng.normal() * 0.18 + 0.12), rng.normal() * (0.15 if alone else 0.07)
    rows, columns = np.nonzero(labels)
    middle = np.array([columns.mean(), rows.mean()]) if len(rows) and rng.random() < 0.8 else np.array([size / 2, size / 2])
    target = size / 2 + rng.normal(size=2) * size * 0.09
    c, s = np.cos(turn) * zoom, np.sin(turn) * zoom
    forward = np.array([[c, -s], [s, c]])
    inverse = forward.T / zoom**2
    # grid_sample's coordinates: -1 to 1 across the picture.
    shift = inverse @ (size / 2 - target) + middle - size / 2
    if (labels[[0, -1]] > 0).any() or (labels[:, [0, -1]] > 0).any():
        # Nobody cut off by the edge may be repeated beyond it.
        room = np.maximum(size / 2 * (1 - np.abs(inverse).sum(1)), 0)
        shift = shift.clip(-room, room)
        target = size / 2 - forward @ (shift - middle + size / 2)
    theta = torch.from_numpy(np.concatenate([inverse, (shift / (size / 2))[:, None]], 1).astype(np.float32))[None]
    grid = F.affine_grid(theta, [1, 1, side, side], align_corners=False)
    pixels = torch.from_numpy(np.ascontiguousarray(image, np.float32) / 255).permute(2, 0, 1)[None]
    if side < size:
        pixels = F.avg_pool2d(pixels, size // side)
    image = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)[0].permute(1, 2, 0).numpy()
    names = torch.from_numpy(labels.astype(np.float32))[None, None]
    labels = F.grid_sample(names, grid, mode="nearest", padding_mode="border", align_corners=False)[0, 0].numpy().astype(np.int64)
    moved = joints.astype(np.float64).copy()
    moved[:, :2] = (joints[:, :2] - middle) @ forward.T + target
    outside = (moved[:, :2] < 0).any(1) | (moved[:, :2] >= size).any(1)
    moved[outside, 2] = 0
    moved[:, :2] *= side / size
    if rng.random() < 0.5:
        image, labels, moved = image[:, ::-1], labels[:, ::-1], moved[MIRROR]
        moved[:, 0] = side - moved[:, 0]
    return image, labels, moved


class Pictures:
    """Finished shards of tryon.shards."""

    def __init__(self, folder, config):
        self.folder, self.config, self.settings = Path(folder), config, config["parsing"]
        self.side = config["size"]
        self.shards, self.places, self.known = [], [], set()
        self.refresh()

    def refresh(self):
        for folder in sorted(self.folder.glob("shard-????")):
            if folder not in self.known:
                self.known.add(folder)
                arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "labels", "joints")}
                records = json.loads((folder / "meta.json").read_text())
                self.places += [(len(self.shards), i) for i in range(len(records))]
                self.shards.append((arrays, records))

    def __len__(self):
        return len(self.places)

    def given(self, labels, joints, alone, rng):
        """Outline and skeleton; a garment alone has neither, and now and then a person goes without."""
        size, style = len(labels), self.config["skeleton"]
        share = size / self.config["size"]
        if alone or rng.random() < 0.06:
            return np.zeros((size, size), np.float32), np.zeros((size, size, 3), np.float32)
        skeleton = draw_skeleton(as_detected(joints, rng), size, size, style["limbWidth"] * share, style["jointRadius"] * share)
        return rough_outline((labels > 0).astype(np.float32), rng), skeleton.astype(np.float32) / 255

    def row(self, index, rng, plain=False, side=None):
        """`plain`: the picture as it was rendered, for evaluation."""
        arrays, records = self.shards[self.places[index][0]]
        i = self.places[index][1]
        image, labels, joints = (np.array(arrays[name][i]) for name in ("images", "labels", "joints"))
        alone = records[i]["kind"] is not None
        if plain:
            image = image.astype(np.float32) / 255
        else:
            image, labels, joints = placed(image, labels, joints, rng, alone, side or self.side)
            image = look_of_another_camera(image, rng)
        outline, skeleton = self.given(labels, joints, alone, rng)
        return dict(photo=image * 2 - 1, outline=outline[..., None], skeleton=skeleton, labels=np.ascontiguousarray(labels), joints=joints, alone=alone)

    def collate(self, rows):
        batch = {name: torch.from_numpy(np.stack([row[name] for row in rows]).astype(np.float32)).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
                 for name in ("photo", "outline", "skeleton")}
        batch["labels"] = torch.from_numpy(np.stack([row["labels"] for row in rows]).astype(np.int64))
        batch["joints"] = torch.from_numpy(np.stack([row["joints"] for row in rows]).astype(np.float32))
        return batch

    def make(self, *number):
        rng = np.random.default_rng(number)
        chosen = rng.choice(len(self.places), self.settings["batch"], replace=False)
        side = self.side  # one for all: it may change meanwhile
        return self.collate([self.row(i, rng, side=side) for i in chosen])
