"""The app's built-in examples: people to animate and dances to borrow.

`python3 -m people.examples --assets DIR --out ../public/examples` from the folder training/; needs ffmpeg.
"""
import argparse
import json
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
from PIL import Image

from . import assets as catalogue
from . import music, scene
from .body import Shape
from .moves import dance
from .native import Cloth, Light, Place
from .pose import neutral, put, unit
from .render import render
from .shards import add_asset_options
from .wardrobe import COMPONENTS, Look, Person, linear
from .prints import random_print

REFERENCE_SIZE, CLIP_SIZE, FPS = 640, 448, 25
PLAIN, STRIPES_ACROSS, STRIPES_DOWN, CHECKS, DOTS = range(5)


def hexed(text):
    return linear([int(text[i:i + 2], 16) / 255 for i in (1, 3, 5)])


def woven(first, second=None, pattern=PLAIN, scale=1.2, balance=.5):
    cloth = Cloth(woven=1, pattern=pattern, seed=5, scale=scale, balance=balance, grain=.05, folds=.8)
    cloth.colours[:] = np.concatenate([hexed(first), hexed(second or first), hexed(second or first)])
    return cloth


def tinted(gain=(1, 1, 1)):
    """The garment's own texture: denim, mostly."""
    cloth = Cloth(seed=5)
    cloth.matrix[:] = np.diag(gain).ravel()
    return cloth


def look(assets, *, gender, age, origin, skin, top, bottom, shoes, hair, hair_colour, iris, top_cloths, bottom_cloths, shoe_cloth,
         muscle=.5, weight=.42, height=0., skin_tint=(1, 1, 1), eyebrows="eyebrow006", prints=()):
    def fill(cloths):
        return [cloths[min(i, len(cloths) - 1)] for i in range(COMPONENTS)]

    return Look(Shape(gender, age, muscle, weight, height, origin), skin, np.array(skin_tint), top, bottom, shoes, hair, np.array(hair_colour),
                eyebrows, "eyelashes02", iris, dict(top=fill(top_cloths), bottom=fill(bottom_cloths), shoes=fill([shoe_cloth])), list(prints))


def people(assets):
    """Five dressed people, by id."""
    badge = random_print(np.random.default_rng(11))
    return {
        "mira": look(assets, gender=.03, age=.25, origin={"caucasian": 1.}, skin="young_lightskinned_female_diffuse2", weight=.36,
                     top="female_casualsuit01", bottom="female_casualsuit01", shoes="shoes02", hair="long01", hair_colour=(.085, .038, .017), iris="green",
                     top_cloths=[woven("#f4efe6", "#23395d", STRIPES_ACROSS, 1.5, .42)], bottom_cloths=[tinted((.8, .85, .95))], shoe_cloth=tinted((1.2, 1.2, 1.2))),
        "kofi": look(assets, gender=.97, age=.3, origin={"african": 1.}, skin="young_darkskinned_male_diffuse", muscle=.6, height=.1,
                     top="male_casualsuit04", bottom="male_casualsuit04", shoes="shoes03", hair="afro01", hair_colour=(.02, .014, .011), iris="brown",
                     top_cloths=[woven("#e9a820")], bottom_cloths=[woven("#2c3444")], shoe_cloth=tinted((1.3, 1.3, 1.3)), prints=[(badge, 0., 3.85, .8, .8, 1)]),
        "yuna": look(assets, gender=.03, age=.2, origin={"asian": 1.}, skin="young_lightskinned_female_diffuse", weight=.38, skin_tint=(1, .95, .87),
                     top="female_sportsuit01", bottom="female_sportsuit01", shoes="shoes04", hair="long01", hair_colour=(.03, .02, .018), iris="brown",
                     top_cloths=[woven("#e4572e")], bottom_cloths=[woven("#2b2d42")], shoe_cloth=tinted((1.2, 1.2, 1.2))),
        "otto": look(assets, gender=.97, age=.62, origin={"caucasian": 1.}, skin="middleage_lightskinned_male_diffuse", weight=.55,
                     top="male_casualsuit03", bottom="male_casualsuit03", shoes="shoes05", hair="short02", hair_colour=(.3, .3, .3), iris="blue",
                     top_cloths=[woven("#3f7d6e", "#2f5d55", CHECKS, 1.3)], bottom_cloths=[woven("#b9a488")], shoe_cloth=tinted((.7, .5, .4))),
        "inez": look(assets, gender=.05, age=.35, origin={"caucasian": .6, "african": .4}, skin="young_lightskinned_female_diffuse3", weight=.42,
                     skin_tint=(.72, .62, .55), top="female_elegantsuit01", bottom="female_casualsuit01", shoes="shoes01", hair="braid01", hair_colour=(.035, .02, .014), iris="brown",
                     top_cloths=[woven("#b5446e")], bottom_cloths=[woven("#f1ece4")], shoe_cloth=tinted((.5, .4, .4))),
    }


def studio(wall, floor=None, warmth=.03, key=.92, angle=.55, softness=5., rim="#ffe8d0"):
    """A seamless paper backdrop under one large soft light."""
    wall, floor = hexed(wall), hexed(floor or wall)
    rng = np.random.default_rng(3)
    place = Place(seed=3, wall_z=-17, curve=9, focus_z=0)
    place.ground = scene.material(rng, scene.SMOOTH, floor * .96, floor, .05, .4)
    place.wall = scene.material(rng, scene.SMOOTH, wall * .96, wall, .05, .4)
    return scene.Setting(place, lamp(warmth, key, angle, rim), 1.0, softness, "studio", [])


def lamp(warmth, key, angle, rim):
    light = Light()
    light.key_direction[:] = unit(np.array([np.sin(angle), .85, np.cos(angle)]))
    light.key[:] = np.array([1 + warmth, 1, 1 - warmth]) * key
    light.rim_direction[:] = unit(np.array([-np.sin(angle) * 1.4, .5, -.8]))
    light.rim[:] = hexed(rim) * .55
    light.sky[:] = (.6, .61, .64)
    light.ground[:] = (.4, .36, .33)
    return light


def loft(wall, seed, angle=-.6):
    """A room with a wooden floor, a picture and a plant."""
    rng = np.random.default_rng(seed)
    base = hexed(wall)
    place = Place(seed=seed, wall_z=-11, skirting=.9, focus_z=0, blur_radius=1)
    place.wall = scene.material(rng, scene.SMOOTH, base * .95, base, .2, .3)
    place.ground = scene.material(rng, scene.PLANKS, (.34, .2, .1), (.5, .33, .18), .8, .45)
    things = [scene.thing(0, (-7.5, 12.5, -11), (2.6, 3.4, .15), scene.material(rng, scene.SMOOTH, (.85, .85, .83), (.9, .9, .88), 1, .1)),
              scene.thing(0, (-7.5, 12.5, -10.9), (2.2, 3.0, .15), scene.material(rng, scene.PICTURE, hexed("#d9825b"), hexed("#284b63"), .35, 1)),
              scene.thing(0, (8.2, 1.3, -8), (1.3, 1.3, 1.3), scene.material(rng, scene.SMOOTH, (.75, .7, .64), (.8, .76, .7), 1, .2))]
    leaves = scene.material(rng, scene.FOLIAGE, (.03, .09, .04), (.14, .32, .1), 2.4, 1)
    things.append(scene.thing(0, (8.2, 3.4, -8), (.15, 1.2, .15), scene.material(rng, scene.SMOOTH, (.12, .08, .05), (.15, .1, .06), 1, .2)))
    for x, y, z in rng.normal(size=(26, 3)) * [.9, 1.5, .9] + [8.2, 6.8, -8]:
        things.append(scene.thing(1, (x, max(y, 4.4), z), (rng.uniform(.5, .8), rng.uniform(.7, 1.3), .6), leaves))
    array = (scene.Thing * len(things))(*things)
    place.things, place.thing_count = scene.ctypes.cast(array, scene.ctypes.POINTER(scene.Thing)), len(things)
    return scene.Setting(place, lamp(.04, 1.0, angle, "#fff0dc"), 1.0, 4., "room", [array])


def view(person, yaw=0., span=1.24, middle=.5):
    fov = np.radians(26)
    seen = span * person.body.height
    return scene.View("full", np.array([0, middle * person.body.height, 0]), seen / (2 * np.tan(fov / 2)), yaw, np.radians(2), fov)


def standing(side, **values):
    """At ease, the weight on one leg."""
    sign = 1 if side == "l" else -1
    pose = put(neutral(), sway_x=.05 * sign, pelvis_roll=.07 * sign, spine_roll=-.07 * sign, head_pitch=.09, head_roll=-.03 * sign, **values)
    put(pose, side, foot_x=.11, hand_x=.2, hand_y=-.9, hand_z=.12)
    return put(pose, "r" if side == "l" else "l", foot_x=.2, foot_z=.08, toe_out=.3, hand_x=.24, hand_y=-.88, hand_z=.14)


REFERENCES = {  # id: title, setting, (leg stood on, heading)
    "mira": ("Mira", lambda: studio("#dcc3ad"), ("r", .12)),
    "kofi": ("Kofi", lambda: studio("#6fa9b3", angle=-.6), ("l", -.1)),
    "yuna": ("Yuna", lambda: loft("#dfe3e6", 4), ("r", .08)),
    "otto": ("Otto", lambda: studio("#b9c1b2", angle=.7), ("l", -.15)),
    "inez": ("Inez", lambda: studio("#d9aeb9", angle=-.5), ("r", .1)),
}
CLIPS = {  # id: title, dancer, setting, style, beats a minute, seconds, (footwork, arms) phrases of four beats, seed
    "disco": ("Disco", "inez", lambda: studio("#8e9bd6", angle=-.5, rim="#ffd0e8"), "disco", 118, 6.4, [("step_touch", "disco"), ("two_step", "roll"), ("lunge", "wave_overhead")], 2),
    "hip-hop": ("Hip hop", "kofi", lambda: studio("#d8d2c8", angle=.6), "hip hop", 96, 6.4, [("kicks", "swing"), ("groove", "arm_wave"), ("march", "punches")], 7),
    "salsa": ("Salsa", "mira", lambda: loft("#e9dccb", 9, .5), "salsa", 104, 6.4, [("salsa", "swing"), ("salsa", "frame_arms"), ("twist", "circles")], 5),
    "robot": ("Robot", "otto", lambda: studio("#a9c6c0", angle=-.7), "robot", 104, 6.4, [("march", "robot"), ("lunge", "robot"), ("twist", "arm_wave")], 3),
}


def write_jpeg(image, path, limit=80_000):
    for quality in (93, 90, 87, 84, 80, 75):
        Image.fromarray(image).save(path, quality=quality, optimize=True, subsampling=0 if quality > 85 else 2)
        if path.stat().st_size <= limit:
            return
    raise ValueError(f"{path} is larger than {limit} bytes")


def write_clip(frames, sound, path, limit=400_000):
    height, width = frames[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        with wave.open(f"{folder}/beat.wav", "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(music.RATE)
            out.writeframes((sound * 32767).astype("<i2").tobytes())
        for crf in (19, 21, 23, 25, 27, 30):
            command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "-",
                       "-i", f"{folder}/beat.wav", "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709", "-color_primaries", "bt709",
                       "-color_trc", "bt709", "-c:v", "libx264", "-preset", "veryslow", "-tune", "animation", "-crf", str(crf), "-pix_fmt", "yuv420p",
                       "-g", "50", "-c:a", "aac", "-b:a", "80k", "-shortest", "-movflags", "+faststart", str(path)]
            subprocess.run(command, input=b"".join(f.tobytes() for f in frames), check=True)
            if path.stat().st_size <= limit:
                return
    raise ValueError(f"{path} is larger than {limit} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_asset_options(parser)
    parser.add_argument("--out", default="../public/examples")
    parser.add_argument("--only", help="comma-separated ids")
    options = parser.parse_args()
    assets = catalogue.load(options.assets, options.cache)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    wanted = options.only.split(",") if options.only else [*REFERENCES, *CLIPS]
    looks = people(assets)
    listing = dict(licence="CC0-1.0", references=[], clips=[])
    for name, (title, setting, (leg, heading)) in REFERENCES.items():
        listing["references"].append(dict(id=name, title=title, file=f"{name}.jpg", width=REFERENCE_SIZE, height=REFERENCE_SIZE))
        if name not in wanted:
            continue
        person = Person(assets, looks[name], 512)
        stage = scene.Stage(setting(), view(person), REFERENCE_SIZE, REFERENCE_SIZE, 3)
        write_jpeg(render(person, standing(leg, heading=heading), stage, 3)[0], out / f"{name}.jpg")
    for name, (title, dancer, setting, style, bpm, seconds, phrases, seed) in CLIPS.items():
        listing["clips"].append(dict(id=name, title=title, file=f"{name}.mp4", poster=f"{name}.jpg", width=CLIP_SIZE, height=CLIP_SIZE, fps=FPS, seconds=seconds))
        if name not in wanted:
            continue
        person = Person(assets, looks[dancer], 512)
        stage = scene.Stage(setting(), view(person, span=1.42, middle=.54), CLIP_SIZE, CLIP_SIZE, 3)
        track = dance(np.random.default_rng(seed), seconds, FPS, style, turns=0, phrases=phrases, bpm=bpm)
        frames = [render(person, pose, stage, 3)[0] for pose in track]
        write_clip(frames, music.beat(style, bpm, seconds, np.random.default_rng(seed)), out / f"{name}.mp4")
        write_jpeg(frames[round(len(frames) * .3)], out / f"{name}.jpg", 40_000)
    (out / "examples.json").write_text(json.dumps(listing, indent=2) + "\n")


if __name__ == "__main__":
    main()
