"""The evaluation set: people and clips that training never sees.

`python3 -m people.heldout --assets DIR --out ../eval/heldout --full DIR` from the folder training/. --out gets what
`npm run eval` reads: pairs.json ([{reference, referenceJoints, target, targetJoints, mask}]), clips.json ([{reference,
referenceJoints, joints, still}]) and their images; joints are true ones, 18 x [x, y, score] in pixels. --full gets the same
people with all their poses as a shard (see people.shards), and the clips' true frames as clips.npz.
"""
import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from . import assets as catalogue
from . import scene
from .moves import STYLES, dance, random_pose
from .render import render
from .shards import HELD_OUT, add_asset_options, clothed_person, render_person, save_people

SIZE, PEOPLE, POSES, TARGETS = 256, 60, 6, 2
CLIPS, FRAMES, FPS = 10, 48, 25
CLIP_SEEDS = HELD_OUT + 100_000


def listed(joints):
    return [[round(float(x), 2), round(float(y), 2), float(score)] for x, y, score in joints]


def save_image(image, path):
    Image.fromarray(image).save(path, quality=95, subsampling=0, optimize=True)


def save_mask(mask, path):
    Image.fromarray(mask > 0).convert("1").save(path, optimize=True)


def render_clip(seed, assets):
    """-> reference, its joints, frames, masks, joints a frame. One place and one camera throughout."""
    rng = np.random.default_rng(seed)
    person = clothed_person(rng, assets, SIZE)
    view = scene.random_view(rng, person.body.height, SIZE, SIZE, "full")
    stage = scene.Stage(scene.random_setting(rng, view), view, SIZE, SIZE)
    reference, _, reference_joints = render(person, random_pose(rng, person.poser, frontal=True), stage)
    style = list(STYLES)[seed % len(STYLES)]
    frames, masks, joints = zip(*(render(person, pose, stage) for pose in dance(rng, FRAMES / FPS, FPS, style)))
    return reference, reference_joints, np.stack(frames), np.stack(masks), np.stack(joints)


def still_pixels(frames, masks):
    """Where the true clip shows the same background throughout: no person, no moving shadow."""
    spread = frames.max(0).astype(int) - frames.min(0)
    return ((spread.max(-1) <= 2) & (masks.max(0) == 0)).astype(np.uint8) * 255


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_asset_options(parser)
    parser.add_argument("--out", default="../eval/heldout")
    parser.add_argument("--full", help="where to write every pose, for training's own evaluation")
    options = parser.parse_args()
    assets = catalogue.load(options.assets, options.cache)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)

    people = [render_person(HELD_OUT + i, assets, SIZE, SIZE, POSES, reframed_share=0) for i in range(PEOPLE)]
    pairs = []
    for i, (images, masks, joints, _) in enumerate(people):
        save_image(images[0], out / f"person-{i:02d}-reference.jpg")
        for k in range(1, 1 + TARGETS):
            target, mask = f"person-{i:02d}-target-{k}.jpg", f"person-{i:02d}-mask-{k}.png"
            save_image(images[k], out / target)
            save_mask(masks[k], out / mask)
            pairs.append(dict(reference=f"person-{i:02d}-reference.jpg", referenceJoints=listed(joints[0]), target=target,
                              targetJoints=listed(joints[k]), mask=mask))
    (out / "pairs.json").write_text(json.dumps(pairs, separators=(",", ":")) + "\n")

    clips, truths = [], []
    for i in range(CLIPS):
        reference, reference_joints, frames, masks, joints = render_clip(CLIP_SEEDS + i, assets)
        save_image(reference, out / f"clip-{i}-reference.jpg")
        save_mask(still_pixels(frames, masks), out / f"clip-{i}-still.png")
        clips.append(dict(reference=f"clip-{i}-reference.jpg", referenceJoints=listed(reference_joints), fps=FPS,
                          joints=[listed(j) for j in joints], still=f"clip-{i}-still.png"))
        truths.append((reference, reference_joints, frames, masks, joints))
    (out / "clips.json").write_text(json.dumps(clips, separators=(",", ":")) + "\n")

    if options.full:
        full = Path(options.full)
        save_people(full / "shard-0000", people)
        names = ("references", "reference_joints", "frames", "masks", "joints")
        np.savez_compressed(full / "clips.npz", **{name: np.stack(column) for name, column in zip(names, zip(*truths))})


if __name__ == "__main__":
    main()
