"""Garments beyond the catalogue's: shirts, leggings, skirts and dresses of any length, sewn from the base mesh's own
helpers (a tight suit and a long skirt), and people who wear them; a garment alone, as shops show it.
"""
import ctypes
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from people import assets as catalogue
from people.assets import parse_obj
from people.native import CUTOUT, TWO_SIDED, Cloth, Part, Print, address, library, mip_chain
from people.prints import SIZE as PRINT_SIZE
from people.wardrobe import BOTTOM, COMPONENTS, DRESS, HAT, SHOES, TOP, Person, every, random_cloth, random_look

WAIST, SHIRT_TOP = 1.75, 6.1  # dm in the rest pose
KINDS = {"top": [TOP], "bottom": [BOTTOM], "dress": [DRESS], "shoes": [SHOES], "whole": [TOP, BOTTOM, DRESS]}


@dataclass
class Cut:
    """Where a sewn garment ends, in the rest pose's dm: the hem's height, how far sleeves reach from the middle, the
    neckline's height in front and behind; how far it stands off the body, and how much it widens downwards."""

    hem: float
    sleeve: float = 0.0
    neck: float = 6.1
    back: float = 6.1
    ease: float = 0.08
    flare: float = 0.0


@dataclass
class Outfit:
    """What is sewn; whatever is missing comes from the look's catalogue garments."""

    shirt: Cut = None
    legs: Cut = None
    skirt: Cut = None
    dress: bool = False  # shirt and skirt of one cloth


def random_cuts(rng, outfit):
    sleeve = [1.55, rng.uniform(2.2, 3.0), rng.uniform(3.0, 3.6), rng.uniform(4.0, 4.5)][rng.choice(4, p=[0.2, 0.4, 0.15, 0.25])]
    neck = rng.uniform(4.7, 5.9)
    return dict(hem=rng.uniform(0.3, 1.5), sleeve=sleeve, neck=neck, back=max(neck, rng.uniform(5.3, 6.0)), ease=rng.uniform(0.06, 0.3)) if outfit == "shirt" else \
        dict(hem=[rng.uniform(-2.6, -0.9), rng.uniform(-4.5, -2.6), rng.uniform(-7.4, -6.6)][rng.choice(3, p=[0.4, 0.2, 0.4])], ease=rng.uniform(0.05, 0.2)) if outfit == "legs" else \
        dict(hem=[rng.uniform(-3.0, -1.6), rng.uniform(-5.0, -3.0), rng.uniform(-7.0, -5.0)][rng.choice(3, p=[0.45, 0.35, 0.2])], flare=rng.uniform(-0.1, 0.5))  # fmt: skip


def random_outfit(rng):
    draw = rng.random()
    shirt, legs, skirt = (lambda name=name: Cut(**random_cuts(rng, name)) for name in ("shirt", "legs", "skirt"))
    if draw < 0.36:
        return Outfit()
    if draw < 0.58:
        top = replace(shirt(), hem=WAIST - 0.35)
        return Outfit(shirt=replace(top, ease=min(top.ease, 0.14)), skirt=skirt(), dress=True)
    if draw < 0.72:
        return Outfit(shirt=shirt())
    if draw < 0.82:
        return Outfit(skirt=skirt())
    if draw < 0.9:
        return Outfit(shirt=replace(shirt(), hem=WAIST - 0.3), skirt=skirt())
    return Outfit(legs=legs()) if draw < 0.95 else Outfit(shirt=shirt(), legs=legs())


class Helpers:
    """Faces of the base mesh's suit and skirt, over its own vertices."""

    def __init__(self, folder):
        _, _, faces, _, groups = parse_obj(Path(folder) / "base/base.obj")
        self.suit, self.skirt = (np.ascontiguousarray(faces[groups == f"helper-{name}"]) for name in ("tights", "skirt"))


def vertex_normals(positions, faces):
    a, b, c = (positions[faces[:, k]] for k in range(3))
    across = np.cross(b - a, c - a)
    normals = np.zeros_like(positions)
    for k in range(3):
        np.add.at(normals, faces[:, k], across)
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9)


def soft_folds(rng, size, strength, upright):
    """Shades of cloth that hangs: long waves, mostly downwards."""
    rows, columns = (6, 40) if upright else (10, 14)
    noise = rng.random((rows, columns))
    y, x = (np.linspace(0, n - 1.001, size) for n in (rows, columns))
    yi, xi = y.astype(int), x.astype(int)
    fy, fx = (y - yi)[:, None], (x - xi)[None]
    wave = (noise[yi][:, xi] * (1 - fy) + noise[yi + 1][:, xi] * fy) * (1 - fx) + (noise[yi][:, xi + 1] * (1 - fy) + noise[yi + 1][:, xi + 1] * fy) * fx
    return np.ascontiguousarray(255 * (1 - strength * wave), np.uint8)


class DressedPerson(Person):
    """A person in an outfit of sewn and catalogue garments. `helpers`: see Helpers."""

    def __init__(self, assets, look, outfit, helpers, sewn, texture_size=256):
        self.outfit, self.helpers = outfit, helpers
        # The folds of what is sewn, so that another body can wear the very same garment.
        self.sewn = sewn
        self.rng = np.random.default_rng(sewn)
        super().__init__(assets, look, texture_size)

    def dress(self):
        look, outfit = self.look, self.outfit
        if not (outfit.shirt or outfit.legs or outfit.skirt):
            return super().dress()
        hidden = np.zeros(len(self.body.positions), bool)
        covered = np.zeros(len(self.body.positions), bool)
        if not (outfit.legs or outfit.skirt):
            lower = ~self.proxy(look.bottom, "upper")[self.proxy(look.bottom, "components")]
            covered = self.proxy(look.bottom, "hidden")
            hidden |= covered & (self.body.positions[:, 1] < WAIST - 0.6) & ~self.assets.arms
            self.add_garment(look.bottom, "bottom", lower)
        if outfit.legs:
            self.sew(self.helpers.suit, outfit.legs, BOTTOM, look.cloths["bottom"])
        cloths = look.cloths["top" if outfit.dress else "bottom"]
        if outfit.skirt:
            self.sew(self.helpers.skirt, outfit.skirt, DRESS if outfit.dress else BOTTOM, cloths)
        if outfit.shirt:
            self.sew(self.helpers.suit, outfit.shirt, DRESS if outfit.dress else TOP, look.cloths["top"], look.prints)
        else:
            upper = self.proxy(look.top, "upper")[self.proxy(look.top, "components")]
            hem = self.fitted(look.top)[:, 1][self.proxy(look.top, "faces")[upper]].min() + 0.1
            hidden |= self.proxy(look.top, "hidden") & ((self.body.positions[:, 1] > hem) | self.assets.arms)
            self.add_garment(look.top, "top", upper)
        shown = ~every(every(covered, self.proxy(look.shoes, "references")), self.proxy(look.shoes, "faces"))
        self.add_garment(look.shoes, "shoes", shown, gloss=0.06)
        return hidden | self.proxy(look.shoes, "hidden")

    def sew(self, faces, cut, label, cloths, prints=()):
        rest, arms = self.assets["base_positions"], self.assets.arms
        middle = rest[faces].mean(1)
        arm = every(arms, faces)
        x, y, z = np.abs(middle[:, 0]), middle[:, 1], middle[:, 2]
        upright = cut.sleeve == 0
        if faces is self.helpers.skirt:
            kept = y > cut.hem
        elif upright:
            kept = (y > cut.hem) & (y < WAIST) & ~arm & (x < 3)
        else:
            neckline = np.where(z > 0.25, cut.neck + 0.9 * np.minimum(x, 1), cut.back + 0.3 * np.minimum(x, 1))
            kept = (arm | (y > cut.hem)) & (x < cut.sleeve) & (y < neckline)
        faces = np.ascontiguousarray(faces[kept])
        normals = vertex_normals(self.body.positions, faces)
        below = np.clip(WAIST - self.body.positions[:, 1], 0, 8)[:, None] / 6
        placed = self.body.positions + normals * cut.ease
        placed[:, [0, 2]] += (placed[:, [0, 2]] - [0, 0.15]) * below * cut.flare
        low, high = rest[:, :2].min(0), rest[:, :2].max(0)
        uvs = (rest[:, :2] - low) / (high - low)
        uvs = np.ascontiguousarray(np.stack([uvs[:, 0] / 2 + (normals[:, 2] < 0) * 0.5, 1 - uvs[:, 1]], 1), np.float32)
        size = 512
        source = np.full((size, size, 4), 255, np.uint8)
        folds = soft_folds(self.rng, size, self.rng.uniform(0.15, 0.5), upright)
        groups = np.zeros(len(faces), np.uint8)
        stuff = (Cloth * COMPONENTS)(*cloths)
        for cloth in stuff:
            cloth.woven = 1
        slots = (Print * 2)()
        for slot, (pixels, px, py, w, h, front) in zip(slots, prints):
            slot.pixels, slot.size, slot.front = address(pixels), PRINT_SIZE, front
            slot.centre_x, slot.centre_y, slot.half_width, slot.half_height = px, py, w, h
        baked = np.empty((size, size, 4), np.uint8)
        library.bake_cloth(address(source), address(folds), size, len(faces), address(uvs), address(faces), address(faces), address(rest),
                           address(groups), stuff, slots, len(prints), address(baked))
        self.add(placed, uvs, faces, faces, self.assets["base_bones"], self.assets["base_weights"], (mip_chain(baked), size),
                 label=label, flags=TWO_SIDED | CUTOUT, gloss=0.015, wrap=0.1)

    def alone(self, labels):
        """A thing to render in this one's place: only the parts that bear these labels."""
        chosen = [part for part, arrays in zip(self.parts, self.keep) if np.isin(arrays[-1], labels).all()]
        return Alone(self, chosen) if chosen else None


class Alone:
    """Has what the renderer asks of a person."""

    def __init__(self, person, parts):
        self.whole, self.body, self.poser, self.parts = person, person.body, person.poser, parts
        self.native = (Part * len(parts))(*parts)


def random_dressed(rng, assets, helpers, size=256):
    """A look, what is sewn of it, and the person."""
    look, outfit = random_look(rng, assets), random_outfit(rng)
    # The catalogue's two overalls come with a shirt that is part of them, and count as nothing in particular.
    while look.top in catalogue.ONE_PIECE:
        look = random_look(rng, assets)
    if rng.random() < 0.08 and not look.hair.startswith("fedora"):
        look.hair = str(rng.choice(["fedora", "fedora_cocked"]))
    return DressedPerson(assets, look, outfit, helpers, int(rng.integers(1 << 30)), 512 if size > 400 else 256)


def in_other_clothes(person, other, kind):
    """The same body, face and hair, and `other`'s garment of one kind; the rest as it was. None where that cannot be."""
    look, outfit, theirs = person.look, person.outfit, other.outfit
    cloths = {**look.cloths}
    if kind == "dress":
        if not theirs.dress:
            return None
        look, outfit, cloths["top"] = replace(look, prints=other.look.prints), theirs, other.look.cloths["top"]
    elif outfit.dress or theirs.dress:
        return None
    elif kind == "top":
        look, outfit, cloths["top"] = replace(look, top=other.look.top, prints=other.look.prints), replace(outfit, shirt=theirs.shirt), other.look.cloths["top"]
    else:
        look, outfit = replace(look, bottom=other.look.bottom), replace(outfit, legs=theirs.legs, skirt=theirs.skirt)
        cloths["bottom"] = other.look.cloths["bottom"]
    return DressedPerson(person.assets, replace(look, cloths=cloths), outfit, person.helpers, other.sewn, person.texture_size)


def kinds_of(person):
    """The kinds of garments that can be shown alone."""
    labels = {int(value) for arrays in person.keep for value in np.unique(arrays[-1])}
    return [kind for kind, (label, *more) in KINDS.items() if not more and label in labels]
