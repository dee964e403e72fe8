"""What people wear: mixed outfits, recoloured or rewoven cloth, prints, hair, and the person put together."""
import colorsys
import ctypes
from dataclasses import dataclass

import numpy as np

from . import assets as catalogue
from .body import Body, Shape
from .native import (CUTOUT, DITHERED, HAIR, NO_SHADOW, SKIN, TWO_SIDED, Cloth, Part, Print, address, library, mip_chain)
from .pose import Poser
from .prints import SIZE as PRINT_SIZE
from .prints import random_print

LUMINANCE = np.array([.2126, .7152, .0722])
HAIR_COLOURS = [(.02, .015, .012), (.035, .02, .012), (.09, .045, .022), (.18, .09, .04), (.42, .27, .12), (.22, .06, .02),
                (.3, .3, .3), (.03, .02, .02), (.06, .03, .018)]
GREYS = [(.45, .45, .44), (.2, .2, .2), (.7, .69, .66)]
DYES = [(.5, .08, .2), (.1, .2, .5), (.1, .4, .35), (.4, .15, .5)]
COMPONENTS = 8
# What a pixel may show; a garment of one piece that covers top and legs is a dress, whatever its legs.
LABELS = ["background", "hair", "face", "skin", "top", "bottom", "dress", "shoes", "hat"]
BACKGROUND, HAIR_LABEL, FACE, SKIN_LABEL, TOP, BOTTOM, DRESS, SHOES, HAT = range(len(LABELS))
SKIN_BEHIND = .05  # dm by which cloth wins over the skin beneath it, where a fit is not perfect


def linear(rgb):
    rgb = np.asarray(rgb, float)
    return np.where(rgb <= .04045, rgb / 12.92, ((rgb + .055) / 1.055) ** 2.4)


def cloth_colour(rng):
    """A colour people wear: greys, muted and vivid ones; linear."""
    kind = rng.random()
    saturation = rng.uniform(0, .12) if kind < .3 else rng.uniform(.15, .55) if kind < .65 else rng.uniform(.55, .95)
    value = rng.uniform(.08, .95) if kind < .3 else rng.uniform(.2, .92)
    return linear(colorsys.hsv_to_rgb(rng.random(), saturation, value))


def hue_rotation(angle):
    c, s, k = np.cos(angle), np.sin(angle), 1 / 3
    q = np.sqrt(k) * s
    d, e, f = c + (1 - c) * k, (1 - c) * k - q, (1 - c) * k + q
    return np.array([[d, e, f], [f, d, e], [e, f, d]])


def recolouring(rng, mean):
    """A linear colour matrix: sometimes the asset's own colours, else turned and drawn to a random colour."""
    if rng.random() < .2:
        return np.eye(3) * rng.uniform(.8, 1.15)
    k = rng.uniform(.35, .95)
    towards = np.outer(cloth_colour(rng) / max(mean @ LUMINANCE, .02), LUMINANCE)
    return (1 - k) * hue_rotation(rng.uniform(-np.pi, np.pi)) + k * towards


def random_cloth(rng, mean, woven_share=.6):
    cloth = Cloth(woven=int(rng.random() < woven_share), seed=int(rng.integers(1 << 30)))
    cloth.matrix[:] = recolouring(rng, mean).ravel()
    first = cloth_colour(rng)
    second = cloth_colour(rng) if rng.random() < .8 else first * rng.uniform(.3, .7)
    cloth.colours[:] = np.concatenate([first, second, cloth_colour(rng)])
    cloth.pattern = int(rng.choice(10, p=[.42, .14, .07, .07, .05, .04, .06, .07, .05, .03]))
    cloth.scale = [1, 1.1, 1.6, .9, 1.4, .8, 1, 1, 1, 1.6][cloth.pattern] * rng.uniform(.7, 1.6)
    cloth.balance, cloth.grain, cloth.folds = rng.uniform(.2, .7), rng.uniform(.02, .12), rng.uniform(.5, .95)
    return cloth


def random_shape(rng):
    male = rng.random() < .5
    gender = np.clip((1 if male else 0) + (-1 if male else 1) * abs(rng.normal()) * .1, 0, 1)
    origin = dict(zip(("african", "asian", "caucasian"), rng.dirichlet([.5] * 3)))
    return Shape(gender=float(gender), age=float(rng.beta(1, 1.6)), muscle=float(np.clip(rng.normal(.5, .2), 0, 1)),
                 weight=float(np.clip(rng.normal(.48, .22), 0, 1)), height=float(np.clip(rng.normal(0, .12), -.3, .3)), origin=origin)


@dataclass
class Look:
    """Everything worn, by asset names; cloths by part: one for each component of the garment."""
    shape: Shape
    skin: str
    skin_tint: np.ndarray
    top: str
    bottom: str
    shoes: str
    hair: str
    hair_colour: np.ndarray
    eyebrows: str
    eyelashes: str
    iris: str
    cloths: dict
    prints: list


def random_skin(rng, assets, shape):
    dark = shape.origin.get("african", 0) > .5 or rng.random() < .12
    gender = "male" if shape.gender > .5 else "female"
    age = "young" if shape.age < .45 else "middleage" if shape.age < .75 else "old"
    skins = [s for s in assets.skins if s.startswith(f"{age}_{'dark' if dark else 'light'}skinned_{gender}")]
    tint = rng.uniform(.75, 1.15) * np.array([1, rng.uniform(.93, 1.03), rng.uniform(.88, 1.04)])
    if shape.origin.get("asian", 0) > .5:
        tint *= [1, .95, .86]
    return str(rng.choice(skins)), tint, dark


def random_look(rng, assets):
    shape = random_shape(rng)
    male = shape.gender > .5
    skin, tint, dark = random_skin(rng, assets, shape)
    own = catalogue.MASCULINE if male else catalogue.FEMININE
    anyone = [o for o in catalogue.FEMININE + catalogue.MASCULINE if o not in ("female_elegantsuit01", "female_casualsuit02")] if male \
        else catalogue.FEMININE + catalogue.MASCULINE
    pick = lambda: str(rng.choice(own if rng.random() < .6 else anyone))
    top = pick()
    bottom = top
    if top not in catalogue.ONE_PIECE and rng.random() < .75:
        bottom = pick()
        while bottom in catalogue.ONE_PIECE:
            bottom = pick()
    styles = ["short01", "short02", "short03", "short04", "afro01"] if male else ["bob01", "bob02", "braid01", "long01", "ponytail01", "short03", "afro01"]
    hair = str(rng.choice(styles))
    if rng.random() < .07:
        hair = str(rng.choice(["fedora", "fedora_cocked"]))
    elif male and rng.random() < .06:
        hair = ""
    colours = GREYS if shape.age > .75 else HAIR_COLOURS[:2] + HAIR_COLOURS[-2:] if dark else HAIR_COLOURS
    colour = np.array(DYES[rng.integers(4)] if rng.random() < .04 else colours[rng.integers(len(colours))]) * rng.uniform(.7, 1.3)
    cloths = {part: [random_cloth(rng, assets[f"{name}/mean"], share) for _ in range(COMPONENTS)]
              for part, name, share in (("top", top, .6), ("bottom", bottom, .35))}
    cloths["shoes"] = [random_cloth(rng, assets[f"{catalogue.SHOES[0]}/mean"], 0)] * COMPONENTS
    prints = []
    if rng.random() < .45:
        prints.append(random_placement(rng, front=1))
    if rng.random() < .2:
        prints.append(random_placement(rng, front=0))
    return Look(shape, skin, tint, top, bottom, str(rng.choice(catalogue.SHOES)), hair, colour,
                f"eyebrow{rng.integers(1, 13):03d}", f"eyelashes0{rng.integers(1, 5)}", str(rng.choice(assets.irises)), cloths, prints)


def random_placement(rng, front):
    """(pixels, centre x, centre y, half width, half height, front) in the rest pose, in dm."""
    small = front and rng.random() < .2
    size = rng.uniform(.25, .45) if small else rng.uniform(.6, 1.15)
    return (random_print(rng), rng.choice([-.8, .8]) if small else rng.normal() * .08, rng.uniform(4.2, 4.7) if small else rng.uniform(3.4, 4.2),
            size, size * rng.uniform(.7, 1.2), front)


def every(flags, triples):
    """Whether all three are flagged, row by row."""
    return flags[triples[:, 0]] & flags[triples[:, 1]] & flags[triples[:, 2]]


class Person:
    """A dressed body, ready to be posed and drawn."""

    def __init__(self, assets, look, texture_size=256):
        self.assets, self.look, self.texture_size = assets, look, texture_size
        self.body = Body(assets, look.shape)
        self.keep, self.parts = [], []  # arrays the C structures point into
        hidden = self.dress()
        faces = assets["base_faces"]
        shown = ~every(hidden, faces)
        self.add(self.body.positions, assets["base_uvs"], faces[shown], assets["base_uv_faces"][shown], assets["base_bones"],
                 assets["base_weights"], self.shared_chain(f"skin/{look.skin}"), label=np.where(every(assets.of_head, faces[shown]), FACE, SKIN_LABEL), flags=SKIN, tint=np.diag(look.skin_tint), gloss=.05, wrap=.18, bias=-SKIN_BEHIND, first=True)
        self.face_and_hair()
        self.native = (Part * len(self.parts))(*self.parts)
        self.sole = float(self.fitted(look.shoes)[:, 1].min())
        self.poser = Poser(self.body, self.sole)

    def proxy(self, name, field):
        return self.assets[f"{name}/{field}"]

    def fitted(self, name, positions=None):
        """A proxy's vertices on this body (or on the plain base mesh)."""
        positions = self.body.positions if positions is None else positions
        references, scales = self.proxy(name, "references"), self.proxy(name, "scales")
        scale = [abs(positions[int(a), axis] - positions[int(b), axis]) / d if d else 1. for axis, (a, b, d) in enumerate(scales)]
        placed = np.einsum("vrc,vr->vc", positions[references], self.proxy(name, "weights"))
        return np.ascontiguousarray(placed + self.proxy(name, "offsets") * np.array(scale, np.float32), np.float32)

    def shared_chain(self, key):
        return self.assets.chain(key, self.texture_size)

    def add(self, rest, uvs, faces, uv_faces, bones, weights, chain, flags, label, tint=np.eye(3), gloss=0., wrap=0., bias=0., first=False):
        texture, size = chain
        arrays = [np.ascontiguousarray(rest, np.float32), uvs, np.ascontiguousarray(faces), np.ascontiguousarray(uv_faces), bones, weights, texture,
                  *(np.empty_like(rest, np.float32) for _ in range(3)), np.broadcast_to(np.asarray(label, np.uint8), len(faces)).copy()]
        rest, uvs, faces, uv_faces, bones, weights, texture, posed, normals, screen, labels = map(address, arrays)
        part = Part(len(arrays[0]), len(arrays[2]), rest, uvs, faces, uv_faces, bones, weights, texture, size, flags, (ctypes.c_float * 9)(*np.ravel(tint)),
                    gloss, wrap, bias, posed, normals, screen, labels)
        at = 0 if first else len(self.parts)
        self.keep.insert(at, arrays)
        self.parts.insert(at, part)

    def add_proxy(self, name, chain, shown=None, **options):
        shown = slice(None) if shown is None else shown
        self.add(self.fitted(name), self.proxy(name, "uvs"), self.proxy(name, "faces")[shown], self.proxy(name, "uv_faces")[shown],
                 self.proxy(name, "bones"), self.proxy(name, "bone_weights"), chain, **options)

    def dress(self):
        """Adds the garments and returns the base vertices they hide."""
        look, positions = self.look, self.body.positions
        if look.top in catalogue.ONE_PIECE:
            hidden = self.proxy(look.top, "hidden").copy()
            self.add_garment(look.top, "top", None)
        else:
            upper, lower = (self.proxy(n, "upper")[self.proxy(n, "components")] for n in (look.top, look.bottom))
            lower = ~lower
            hem = self.fitted(look.top)[:, 1][self.proxy(look.top, "faces")[upper]].min() + .1
            waist = self.fitted(look.bottom)[:, 1][self.proxy(look.bottom, "faces")[lower]].max() - .05
            arms = self.assets.arms
            hidden = self.proxy(look.top, "hidden") & ((positions[:, 1] > hem) | arms)
            hidden |= self.proxy(look.bottom, "hidden") & (positions[:, 1] < waist) & ~arms
            if look.top == look.bottom:
                hidden = self.proxy(look.top, "hidden").copy()
            self.add_garment(look.bottom, "bottom", lower)
            self.add_garment(look.top, "top", upper)
        # Trousers also hide the parts of shoes beneath them.
        covered = every(self.proxy(look.bottom, "hidden"), self.proxy(look.shoes, "references"))
        shown = ~every(covered, self.proxy(look.shoes, "faces"))
        self.add_garment(look.shoes, "shoes", shown, gloss=.06)
        return hidden | self.proxy(look.shoes, "hidden")

    def add_garment(self, name, part, shown, gloss=.015):
        faces, uv_faces, groups = (self.proxy(name, f) for f in ("faces", "uv_faces", "components"))
        rest = self.fitted(name, self.assets["base_positions"])
        if shown is not None:
            faces, uv_faces, groups = (np.ascontiguousarray(a[shown]) for a in (faces, uv_faces, groups))
        size = self.texture_size
        source, folds = (self.assets.sized(f"{name}/{image}", size) for image in ("texture", "occlusion"))
        cloths = (Cloth * COMPONENTS)(*self.look.cloths[part])
        prints = (Print * 2)()
        placed = self.look.prints if part == "top" else []
        for slot, (pixels, x, y, w, h, front) in zip(prints, placed):
            slot.pixels, slot.size, slot.front = address(pixels), PRINT_SIZE, front
            slot.centre_x, slot.centre_y, slot.half_width, slot.half_height = x, y, w, h
        baked = np.empty((size, size, 4), np.uint8)
        uvs = self.proxy(name, "uvs")
        library.bake_cloth(address(source), address(folds), size, len(faces), address(uvs), address(faces), address(uv_faces), address(rest),
                           address(groups), cloths, prints, len(placed), address(baked))
        label = DRESS if name in catalogue.ONE_PIECE else dict(top=TOP, bottom=BOTTOM, shoes=SHOES)[part]
        self.add_proxy(name, (mip_chain(baked), size), shown, label=label, flags=TWO_SIDED | CUTOUT, gloss=gloss, wrap=.1)

    def face_and_hair(self):
        look = self.look
        dark = np.maximum(look.hair_colour * .6, .008)
        flat = np.outer(dark / .05, LUMINANCE)
        if look.hair.startswith("fedora"):
            self.add_proxy(look.hair, self.shared_chain(f"{look.hair}/texture"), label=HAT, flags=TWO_SIDED | CUTOUT, wrap=.1)
        elif look.hair:
            mean = max(float(self.proxy(look.hair, "mean") @ LUMINANCE), .02)
            self.add_proxy(look.hair, self.shared_chain(f"{look.hair}/texture"), label=HAIR_LABEL, flags=TWO_SIDED | CUTOUT | DITHERED | HAIR,
                           tint=np.outer(look.hair_colour * 1.6 / mean, LUMINANCE), gloss=.05, wrap=.35)
        mean = max(float(self.proxy(look.eyebrows, "mean") @ LUMINANCE), .02)
        self.add_proxy(look.eyebrows, self.shared_chain(f"{look.eyebrows}/texture"), label=FACE, flags=TWO_SIDED | CUTOUT | DITHERED | NO_SHADOW,
                       tint=flat * .05 / mean, wrap=.3, bias=.03 - SKIN_BEHIND)
        self.add_proxy(look.eyelashes, self.shared_chain(f"{look.eyelashes}/texture"), label=FACE, flags=TWO_SIDED | CUTOUT | DITHERED | NO_SHADOW, wrap=.3, bias=.03 - SKIN_BEHIND)
        self.add_proxy("eyes", self.shared_chain(f"iris/{look.iris}"), label=FACE, flags=NO_SHADOW, gloss=.6, wrap=.3, bias=-SKIN_BEHIND)
