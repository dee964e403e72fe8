"""Strong variation for pictures, so that real photos, prints and drawings lie inside what was seen. All take and give
float32 pictures in [0, 1], (H, W, 3)."""
import io

import numpy as np
from PIL import Image


def palette(rng):
    """A change of colours that all pictures of one sample share: light, contrast, tint, a mixing of channels, flat shading."""
    gamma, gain = rng.uniform(.55, 1.7), rng.uniform(.7, 1.3, 3) if rng.random() < .7 else np.ones(3)
    mix = np.eye(3)
    if rng.random() < .35:
        mix = mix[rng.permutation(3)] * .5 + np.eye(3) * .5 + rng.normal(0, .12, (3, 3))
    contrast, middle = rng.uniform(.55, 1.35), rng.uniform(.3, .6)
    grey = rng.uniform(.4, 1) if rng.random() < .12 else 0
    levels = rng.integers(3, 8) if rng.random() < .12 else 0
    negative = rng.random() < .03

    def change(picture):
        x = picture ** gamma @ mix.T.astype(np.float32) * gain
        x = (x - middle) * contrast + middle
        if grey:
            x = x + grey * (x.mean(-1, keepdims=True) - x)
        if levels:
            x = np.round(np.clip(x, 0, 1) * levels) / levels
        return np.clip(1 - x if negative else x, 0, 1).astype(np.float32)

    return change


def softened(picture, amount):
    """A blur of about `amount` pixels, by repeated small means."""
    for _ in range(int(np.ceil(amount))):
        share = min(amount, 1) * .5
        for axis in (0, 1):
            before, after = np.roll(picture, 1, axis), np.roll(picture, -1, axis)
            picture = picture + share * ((before + after) / 2 - picture)
        amount -= 1
    return picture


def worn(picture, rng):
    """What cameras and files do: softness, noise, compression."""
    if rng.random() < .35:
        picture = softened(picture, rng.uniform(.2, 2))
    if rng.random() < .35:
        picture = picture + rng.normal(0, rng.uniform(.005, .05), picture.shape).astype(np.float32)
    picture = np.clip(picture, 0, 1)
    if rng.random() < .3:
        file = io.BytesIO()
        Image.fromarray((picture * 255 + .5).astype(np.uint8)).save(file, "JPEG", quality=int(rng.integers(25, 90)))
        picture = np.asarray(Image.open(file), np.float32) / 255
    return picture.astype(np.float32)


def rough_outline(mask, rng):
    """A true outline (H, W) in [0, 1] as a quick segmenter gives it: soft, a little wide or narrow, wavering, now and then torn."""
    size = len(mask)
    step = int(rng.choice([2, 4, 8])) * size // 128
    coarse = mask.reshape(size // step, step, size // step, step).mean((1, 3)) if step > 1 else mask
    wave = rng.normal(0, rng.uniform(.0, .25), (8, 8)).astype(np.float32)
    wave = np.asarray(Image.fromarray(wave).resize(coarse.shape[::-1], Image.BILINEAR))
    coarse = softened(coarse.astype(np.float32), rng.uniform(0, 1.5)) + wave * (coarse > .02)
    if rng.random() < .15:  # a piece missed, or a piece of the place taken for the person
        h, w = coarse.shape
        y, x, r = rng.integers(h), rng.integers(w), rng.uniform(.04, .12) * h
        near = np.hypot(*np.meshgrid(np.arange(w) - x, np.arange(h) - y)) < r
        coarse = np.where(near, float(rng.random() < .5), coarse).astype(np.float32)
    full = np.asarray(Image.fromarray(coarse.astype(np.float32)).resize((size, size), Image.BILINEAR))
    sharp = rng.uniform(1, 5)
    return np.clip((full - rng.uniform(.3, .7)) * sharp + .5, 0, 1).astype(np.float32)
