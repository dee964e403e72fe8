"""Random graphics for the fronts and backs of tops: shapes, lettering, badges, pictures. RGBA, 128 px."""
import colorsys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 128


def vivid(rng):
    return tuple(int(255 * c) for c in colorsys.hsv_to_rgb(rng.random(), rng.uniform(.5, 1), rng.uniform(.6, 1)))


def ink(rng):
    """Mostly white, black or one strong colour, as shirts are printed."""
    return [(240, 240, 235), (25, 25, 28), vivid(rng), vivid(rng)][rng.integers(4)]


def polygon(cx, cy, radius, points, turn, inner=1.0):
    angles = turn + np.arange(points * 2) * np.pi / points
    radii = np.where(np.arange(points * 2) % 2, radius * inner, radius)
    return [(cx + r * np.cos(a), cy + r * np.sin(a)) for a, r in zip(angles, radii)]


def emblem(draw, rng):
    points = int(rng.integers(3, 9))
    inner = rng.choice([np.cos(np.pi / points), rng.uniform(.35, .7)])
    if rng.random() < .5:
        draw.ellipse([8, 8, 120, 120], fill=ink(rng) if rng.random() < .5 else None, outline=ink(rng), width=int(rng.integers(3, 9)))
    draw.polygon(polygon(64, 64, rng.uniform(30, 52), points, rng.uniform(0, 6.3), inner), fill=ink(rng))
    if rng.random() < .5:
        draw.ellipse([64 - 14, 64 - 14, 64 + 14, 64 + 14], fill=ink(rng))


def lettering(draw, rng):
    font = ImageFont.load_default()
    for line in range(int(rng.integers(1, 4))):
        word = "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUVXYZ0123456789"), int(rng.integers(2, 7))))
        small = Image.new("L", (6 * len(word), 11))
        ImageDraw.Draw(small).text((0, 0), word, fill=255, font=font)
        height = int(rng.uniform(22, 60))
        top = int(rng.uniform(2, 126 - height))
        draw.bitmap((4, top), small.resize((120, height), Image.BICUBIC), fill=ink(rng))


def bars(draw, rng):
    colours = [ink(rng), vivid(rng), ink(rng)]
    slant, step = rng.uniform(-40, 40), int(rng.integers(12, 36))
    for i, x in enumerate(range(6, 120, step)):
        draw.polygon([(x, 10), (x + step * .6, 10), (x + step * .6 + slant, 118), (x + slant, 118)], fill=colours[i % 3])


def blobs(draw, rng):
    for _ in range(int(rng.integers(3, 14))):
        x, y, r = rng.uniform(15, 113), rng.uniform(15, 113), rng.uniform(5, 28)
        draw.ellipse([x - r, y - r, x + r, y + r], fill=vivid(rng))


def picture(draw, rng):
    """A framed landscape: sky, sun, hills."""
    draw.rectangle([8, 16, 120, 112], fill=vivid(rng))
    x, y, r = rng.uniform(30, 98), rng.uniform(34, 60), rng.uniform(8, 18)
    draw.ellipse([x - r, y - r, x + r, y + r], fill=ink(rng))
    for _ in range(3):
        peak, base = rng.uniform(10, 118), rng.uniform(60, 90)
        draw.polygon([(8, 112), (8, base + 15), (peak, base - rng.uniform(0, 25)), (120, base + 18), (120, 112)], fill=vivid(rng))


def random_print(rng):
    image = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    [emblem, lettering, bars, blobs, picture][rng.integers(5)](draw, rng)
    return np.asarray(image).copy()
