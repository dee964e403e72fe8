"""Where a person stands: the place, its light, and the camera that looks at it. Lengths in decimetres."""
import colorsys
import ctypes
from dataclasses import dataclass

import numpy as np

from .native import Backdrop, Camera, Light, Material, Place, Thing, address, library
from .pose import rotation, unit
from .wardrobe import linear

SMOOTH, SPECKLED, PLANKS, CHEQUERS, TILES, BRICKS, STRIPED, PANELS, MARBLED, FOLIAGE, PICTURE = range(11)
X, Y = np.eye(3)[:2]

# Framings: how likely, the middle of the view and its height, both over the body's height.
FRAMINGS = {
    "full": (.56, (.46, .56), (1.12, 1.45)),
    "wide": (.08, (.45, .6), (1.5, 2.0)),
    "knees": (.14, (.58, .68), (.82, .98)),
    "half": (.14, (.68, .76), (.58, .75)),
    "close": (.08, (.80, .88), (.36, .5)),
}


@dataclass
class View:
    framing: str
    target: np.ndarray
    distance: float
    yaw: float
    pitch: float
    fov: float

    @property
    def span(self):
        """The height seen at the person's distance."""
        return 2 * self.distance * np.tan(self.fov / 2)

    def camera(self, H, W):
        turn = rotation(X, self.pitch) @ rotation(Y, self.yaw)
        eye = self.target + turn.T @ np.array([0, 0, self.distance])
        focal = H / 2 / np.tan(self.fov / 2)
        camera = Camera(focal=focal, centre_x=W / 2, centre_y=H / 2)
        camera.eye[:], camera.rotation[:] = eye, turn.ravel()
        return camera


def random_view(rng, height, H, W, framing=None):
    """height: the body's, in dm. The view is as wide as the image asks for; a tall image keeps the whole width of the person."""
    shares = np.array([f[0] for f in FRAMINGS.values()])
    framing = framing or str(rng.choice(list(FRAMINGS), p=shares / shares.sum()))
    _, middle, span = FRAMINGS[framing]
    fov = np.radians(rng.uniform(20, 46))
    seen = rng.uniform(*span) * height * max(1, .8 * H / W)
    target = np.array([rng.normal() * .05 * seen, rng.uniform(*middle) * height, 0])
    if rng.random() < .2:  # off-centre
        target[0] += rng.choice([-1, 1]) * rng.uniform(.08, .2) * seen * min(W / H, 1.6)
    distance = seen / (2 * np.tan(fov / 2))
    pitch = np.radians(np.clip(rng.normal(3, 6), -8, 22))
    # The eye stays above the ground.
    pitch = max(pitch, np.arcsin(np.clip((2 - target[1]) / distance, -.5, .5)))
    return View(framing, target, distance, np.radians(rng.normal() * 12), pitch, fov)


def reframed(rng, view):
    """The same place seen a little nearer, further or from aside: the background shifts."""
    zoom = np.exp(rng.normal() * .12)
    target = view.target + np.array([rng.normal() * .06, rng.normal() * .05, 0]) * view.distance * np.tan(view.fov / 2) * 2
    return View(view.framing, target, view.distance * zoom, view.yaw + np.radians(rng.normal() * 3), view.pitch, view.fov)


def colour(rng, saturation=(.05, .5), value=(.3, .9)):
    muted = saturation[0] + (saturation[1] - saturation[0]) * rng.random() ** 1.6
    return linear(colorsys.hsv_to_rgb(rng.random(), muted, rng.uniform(*value)))


def material(rng, kind, a, b, scale, contrast):
    m = Material(kind=kind, seed=int(rng.integers(1 << 31)), scale=scale, contrast=contrast)
    m.a[:], m.b[:] = a, b
    return m


def shades(rng, base, spread=.25):
    return base * (1 - spread * rng.uniform(.3, 1)), np.minimum(base * (1 + spread * rng.uniform(.3, 1)), .95)


WOODS = [(.36, .20, .09), (.5, .33, .17), (.22, .12, .06), (.6, .48, .33), (.3, .27, .24)]


def floor_material(rng):
    kind = rng.choice([SMOOTH, SPECKLED, PLANKS, CHEQUERS, TILES, MARBLED], p=[.15, .24, .3, .07, .16, .08])
    base = np.array(WOODS[rng.integers(5)]) * rng.uniform(.7, 1.3) if kind == PLANKS else colour(rng, (.02, .45), (.25, .85))
    a, b = shades(rng, base, .35)
    if kind == CHEQUERS and rng.random() < .5:
        b = colour(rng, (0, .3), (.2, .9))
    scale = {SMOOTH: .3, SPECKLED: 1.5, PLANKS: rng.uniform(.5, 1.1), CHEQUERS: rng.uniform(.15, .4), TILES: rng.uniform(.15, .4), MARBLED: .15}[kind]
    return material(rng, kind, a, b, scale, rng.uniform(.3, .9))


def wall_material(rng):
    kind = rng.choice([SMOOTH, SPECKLED, BRICKS, STRIPED, PANELS, PLANKS, TILES, MARBLED], p=[.42, .12, .13, .07, .08, .06, .07, .05])
    base = np.array(WOODS[rng.integers(5)]) if kind == PLANKS else colour(rng, (.02, .5), (.35, .95))
    if kind == BRICKS and rng.random() < .6:
        base = linear([rng.uniform(.5, .75), rng.uniform(.28, .45), rng.uniform(.2, .36)])
    a, b = shades(rng, base, .3)
    scale = {SMOOTH: .25, SPECKLED: .6, BRICKS: rng.uniform(.4, .8), STRIPED: rng.uniform(.2, .8), PANELS: rng.uniform(.12, .3),
             PLANKS: rng.uniform(.4, .9), TILES: rng.uniform(.3, .9), MARBLED: .1}[kind]
    return material(rng, kind, a, b, scale, rng.uniform(.2, .8))


def thing(shape, centre, half, stuff):
    t = Thing(shape=shape, material=stuff)
    t.centre[:], t.half[:] = centre, half
    return t


def furniture(rng, wall_z, reach):
    """Pictures and windows on the wall; shelves, sofas, plants and lamps before it."""
    things = []
    for _ in range(rng.integers(0, 4)):
        x, y = rng.uniform(-reach, reach), rng.uniform(9, 20)
        w, h = rng.uniform(1.5, 5), rng.uniform(1.5, 5)
        if rng.random() < .3:
            w, h = rng.uniform(4, 9), rng.uniform(5, 8)
            things.append(thing(0, (x, y, wall_z), (w + .4, h + .4, .25), material(rng, SMOOTH, (.8, .8, .78), (.85, .85, .82), 1, .1)))
            glow = linear([rng.uniform(.6, .9), rng.uniform(.75, .95), 1]) * rng.uniform(.8, 1.4)
            for side in (-1, 1):
                things.append(thing(2, (x + side * w / 2, y, wall_z + .2), (w / 2 - .25, h - .2, .15), material(rng, SMOOTH, glow * .8, glow, .1, 1)))
        else:
            things.append(thing(0, (x, y, wall_z), (w + .2, h + .2, .15), material(rng, SMOOTH, colour(rng, (0, .2)), colour(rng, (0, .2)), 1, .1)))
            things.append(thing(0, (x, y, wall_z + .1), (w, h, .15), material(rng, PICTURE, colour(rng, (.1, .9)), colour(rng, (.1, .9)), rng.uniform(.15, .6), 1)))
    for _ in range(rng.integers(0, 4)):
        x, kind = rng.choice([-1, 1]) * rng.uniform(.15, 1) * reach, rng.integers(4)
        if kind == 0:  # a sofa or a chest
            w, h = rng.uniform(4, 10), rng.uniform(2, 3)
            stuff = material(rng, SPECKLED, *shades(rng, colour(rng, (.05, .7), (.15, .8))), 1, .3)
            things.append(thing(0, (x, h, wall_z + 3), (w, h, 2.6), stuff))
            if rng.random() < .6:
                things.append(thing(0, (x, h * 2, wall_z + 1), (w, h * 1.6, .8), stuff))
        elif kind == 1:  # a shelf with books
            w, h = rng.uniform(2.5, 5), rng.uniform(5, 10)
            wood = np.array(WOODS[rng.integers(5)])
            things.append(thing(0, (x, h, wall_z + 1), (w, h, 1.2), material(rng, PLANKS, *shades(rng, wood), .5, .5)))
            for level in np.arange(2, 2 * h - 2, 3.2):
                stuff = material(rng, STRIPED, colour(rng, (.2, .8), (.2, .8)), colour(rng, (.2, .8), (.2, .8)), rng.uniform(1, 3), 1)
                things.append(thing(0, (x, level, wall_z + 1.3), (w * .88, 1.1, 1), stuff))
        elif kind == 2:  # a plant
            r, h = rng.uniform(1.6, 3.4), rng.uniform(5, 11)
            z = wall_z + rng.uniform(2.5, 5)
            things.append(thing(0, (x, 1.4, z), (1.3, 1.4, 1.3), material(rng, SMOOTH, *shades(rng, colour(rng)), 1, .3)))
            leaves = material(rng, FOLIAGE, (.02, .06, .02), (.12, .3, .07), 1.8, 1)
            for _ in range(rng.integers(3, 9)):
                offset = rng.normal(size=3) * r * .5
                size = r * rng.uniform(.45, 1)
                things.append(thing(1, (x + offset[0], h + offset[1], z + offset[2]), (size, size * rng.uniform(.8, 1.6), size), leaves))
        else:  # a lamp
            h, z = rng.uniform(13, 17), wall_z + rng.uniform(2, 4)
            things.append(thing(0, (x, h / 2, z), (.12, h / 2, .12), material(rng, SMOOTH, (.05, .05, .05), (.1, .1, .1), 1, .1)))
            things.append(thing(2, (x, h, z), (1.4, 1.2, 1.4), material(rng, SMOOTH, (1, .85, .6), (1.2, 1, .75), .1, .5)))
    return things


def trees(rng, reach):
    things = []
    for _ in range(rng.integers(0, 7)):
        x, z, h = rng.uniform(-1.6, 1.6) * reach, -rng.uniform(25, 110), rng.uniform(18, 50)
        if rng.random() < .7:
            things.append(thing(0, (x, h / 2, z), (1, h / 2, 1), material(rng, PLANKS, (.08, .05, .03), (.15, .1, .06), .8, .6)))
            green = np.array([rng.uniform(.08, .3), rng.uniform(.2, .4), .06])
            for _ in range(4):
                offset = rng.normal(size=3) * h * .14
                things.append(thing(1, (x + offset[0], h + offset[1], z + offset[2]), np.full(3, h * rng.uniform(.22, .38)), material(rng, FOLIAGE, green * .2, green, .4, 1)))
        else:
            things.append(thing(0, (x, h / 2, z), (rng.uniform(4, 12), h / 2, 6), material(rng, TILES, *shades(rng, colour(rng, (0, .3))), .12, .6)))
    return things


@dataclass
class Setting:
    place: Place
    light: Light
    exposure: float
    softness: float  # of shadows on the ground, in texels
    kind: str
    keep: list


def random_light(rng, yaw, outdoors):
    """yaw: the camera's: most light comes from its side, as photographers would have it."""
    angle, elevation = yaw * -1 + np.radians(rng.uniform(-75, 75)), np.radians(rng.uniform(22, 68))
    if outdoors and rng.random() < .3:
        angle += np.pi * rng.uniform(.5, 1.2)
    direction = unit(np.array([np.sin(angle) * np.cos(elevation), np.sin(elevation), np.cos(angle) * np.cos(elevation)]))
    warmth, ambient = rng.normal() * .07, rng.uniform(.4, .9)
    light = Light()
    light.key_direction[:] = direction
    light.key[:] = np.array([1 + warmth, 1, 1 - warmth]) * rng.uniform(.5, 1.25)
    back = unit(np.array([-direction[0] + rng.normal() * .3, .4, -abs(direction[2]) - .3]))
    light.rim_direction[:] = back
    light.rim[:] = colour(rng, (0, .35), (.7, 1)) * rng.uniform(0, .7)
    light.sky[:] = np.array([1 - warmth * .5, 1, 1 + warmth * .8]) * ambient
    light.ground[:] = np.array([1, .95, .88]) * ambient * rng.uniform(.35, .75)
    return light


def random_setting(rng, view, kind=None):
    kind = kind or str(rng.choice(["room", "studio", "outdoors", "plain"], p=[.5, .18, .22, .10]))
    reach = view.distance * np.tan(view.fov / 2) * 1.4 + 6
    place = Place(outdoors=kind == "outdoors", seed=int(rng.integers(1 << 31)), wall_z=-rng.uniform(6, 26), focus_z=0)
    light = random_light(rng, view.yaw, kind == "outdoors")
    things = []
    if kind == "room":
        place.ground, place.wall, place.side = floor_material(rng), wall_material(rng), wall_material(rng)
        place.skirting = rng.choice([0, rng.uniform(.6, 1.3)])
        if rng.random() < .35:
            place.corner_side = rng.choice([-1, 1])
            place.corner_x = place.corner_side * rng.uniform(.6, 1.4) * reach
            if rng.random() < .6:
                place.side = place.wall
        things = furniture(rng, place.wall_z, reach)
    elif kind == "studio":
        base = colour(rng, (0, .6), (.25, .95))
        a, b = shades(rng, base, .12)
        place.ground = material(rng, SMOOTH, a, b, .08, .6)
        place.wall = place.ground
        place.curve = rng.uniform(4, 14)
        place.wall_z = -rng.uniform(10, 24)
    elif kind == "plain":  # marbled and spotted cloths hung behind, as photographers use; or a wall of blurred colour
        place.wall = material(rng, rng.choice([SPECKLED, MARBLED, FOLIAGE, PICTURE]), colour(rng, (.05, .7), (.1, .9)), colour(rng, (.05, .7), (.1, .9)), rng.uniform(.05, .4), rng.uniform(.3, 1))
        place.ground = floor_material(rng)
    else:
        hazy = linear([rng.uniform(.7, .9), rng.uniform(.78, .92), rng.uniform(.85, .98)])
        place.sky_low[:], place.sky_high[:] = hazy, linear([rng.uniform(.25, .55), rng.uniform(.45, .7), rng.uniform(.7, .95)])
        ground = rng.choice(3)
        base = [np.array([.1, .2, .05]), np.array([.2, .19, .18]), np.array([.45, .36, .25])][ground] * rng.uniform(.6, 1.5)
        place.ground = material(rng, [FOLIAGE, SPECKLED, TILES][ground], *shades(rng, base, .5), [.8, 1.2, .12][ground], rng.uniform(.3, .8))
        place.far = material(rng, rng.choice([FOLIAGE, TILES]), (.03, .06, .02), colour(rng, (.1, .5), (.25, .6)), rng.uniform(.06, .15), rng.uniform(.3, 1) * (rng.random() < .75))
        place.wall_z = -rng.uniform(120, 260)
        things = trees(rng, reach * 2.5)
    place.blur_radius = int(rng.integers(1, 6)) if rng.random() < .45 else 0  # in pixels of a 256 px image
    array = (Thing * max(len(things), 1))(*things)
    place.things, place.thing_count = ctypes.cast(array, ctypes.POINTER(Thing)), len(things)
    return Setting(place, light, exposure=rng.uniform(.75, 1.05), softness=rng.uniform(1, 7), kind=kind, keep=[array])


class Stage:
    """A setting seen by one camera: the backdrop, drawn once and shared by all frames."""

    def __init__(self, setting, view, H, W, samples=2):
        self.setting, self.H, self.W = setting, H, W
        self.camera = view.camera(H, W)
        self.arrays = [np.empty((H, W, 3), np.float32) for _ in range(3)] + [np.empty((H, W), np.uint8)]
        self.backdrop = Backdrop(*map(address, self.arrays))
        place = Place.from_buffer_copy(setting.place)
        place.blur_radius = round(place.blur_radius * min(H, W) / 256)
        if not library.render_backdrop(ctypes.byref(place), ctypes.byref(self.camera), ctypes.byref(setting.light), H, W,
                                       samples, ctypes.byref(self.backdrop)):
            raise MemoryError("the backdrop")
