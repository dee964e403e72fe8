"""The try-on evaluation set: `python3 -m tryon.heldout --assets DIR --out ../eval/tryon`.

pairs.json: [{person, joints, labels, garment, garmentJoints (null: on nobody), kind, truth, mask, another}]. `truth` is the very
person of `person`, in the same place and pose, in the garment of `garment`; `mask` is where the old garment was or the new
one goes; `another` is the garment of some other pair of the kind. Nobody and no garment of it is seen in training.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from people import assets as catalogue
from people import moves, scene
from people.heldout import listed, save_mask
from people.render import render
from people.shards import HELD_OUT, add_asset_options

from .garments import KINDS, Helpers, in_other_clothes, kinds_of, random_dressed
from .shards import SIZE, shop_picture, worn

PAIRS, FIRST = 60, HELD_OUT + 300_000
FRAMINGS = {"top": ["half", "knees", "full"], "bottom": ["full", "full", "full"], "dress": ["full", "full", "knees"]}


def save(image, path):
    Image.fromarray(image).save(path, quality=90, subsampling=0, optimize=True)


def pair(seed, kind, on_nobody, assets, helpers):
    rng = np.random.default_rng(seed)
    while True:
        person, other = (random_dressed(rng, assets, helpers) for _ in range(2))
        dressed = in_other_clothes(person, other, kind)
        if dressed is None or kind not in kinds_of(other) or kind not in kinds_of(dressed):
            continue
        view = scene.random_view(rng, person.body.height, SIZE, SIZE, str(rng.choice(FRAMINGS[kind])))
        stage = scene.Stage(scene.random_setting(rng, view), view, SIZE, SIZE)
        pose = moves.random_pose(rng, person.poser, True, 0.05)
        labels, wanted = np.zeros((2, SIZE, SIZE), np.uint8)
        image, _, joints = render(person, pose, stage, labels=labels)
        truth, _, _ = render(dressed, pose, stage, labels=wanted)
        mine = KINDS["whole"] if kind == "dress" else KINDS[kind]
        mask = (np.isin(labels, mine) | np.isin(wanted, KINDS[kind])).astype(np.uint8)
        garment = shop_picture(rng, other, kind, SIZE, SIZE) if on_nobody else worn(rng, other, SIZE, SIZE, frontal=True)
        if np.isin(wanted, KINDS[kind]).mean() > 0.02 and np.isin(garment[1], KINDS[kind]).mean() > 0.02:
            return image, joints, labels, garment[0], None if on_nobody else garment[2], truth, mask


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_asset_options(parser)
    parser.add_argument("--out", default="../eval/tryon")
    options = parser.parse_args()
    assets, helpers, out = catalogue.load(options.assets, options.cache), Helpers(options.assets), Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    kinds = ["top", "bottom", "dress"]
    pairs = []
    for i in range(PAIRS):
        kind, on_nobody = kinds[i % 3], i // 3 % 2 == 0
        image, joints, labels, garment, garment_joints, truth, mask = pair(FIRST + i, kind, on_nobody, assets, helpers)
        names = {name: f"{i:02d}-{name}.{'png' if name in ('labels', 'mask') else 'jpg'}" for name in ("person", "labels", "garment", "truth", "mask")}
        for name, picture in (("person", image), ("garment", garment), ("truth", truth)):
            save(picture, out / names[name])
        Image.fromarray(labels).save(out / names["labels"], optimize=True)
        save_mask(mask, out / names["mask"])
        pairs.append(dict(names, joints=listed(joints), garmentJoints=None if garment_joints is None else listed(garment_joints), kind=kind))
    for i, row in enumerate(pairs):
        # Shown in the same way: on nobody, or worn.
        another = pairs[(i + 6) % PAIRS]
        row.update(another=another["garment"], anotherJoints=another["garmentJoints"])
    (out / "pairs.json").write_text(json.dumps(pairs, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
