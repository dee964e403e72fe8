"""MakeHuman's CC0 assets, parsed once and packed into one .npz cache.

The folder holds base/, rig/, targets/, clothes/, hair/, eyes/, eyebrows/, eyelashes/ and skins/ (see the README).
Units are decimetres, y up, facing +z, the person's left at +x.
"""
import gzip
import json
from pathlib import Path

import numpy as np
from PIL import Image

from .native import mip_chain

TEXTURE = 512
TOPS_ABOVE = 1.6  # a garment's component whose mean rest height lies above belongs to the top
ONE_PIECE = {"male_casualsuit01", "male_worksuit01"}
FEMININE = ["female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "female_sportsuit01"]
MASCULINE = [f"male_casualsuit0{i}" for i in range(1, 7)] + ["male_elegantsuit01", "male_worksuit01"]
SHOES = [f"shoes0{i}" for i in range(1, 7)]
HAIR = ["afro01", "bob01", "bob02", "braid01", "long01", "ponytail01", "short01", "short02", "short03", "short04"]
# Printed logos, as (left, top, right, bottom) in texture fractions: painted over, or a model would learn them.
LOGOS = {
    "female_casualsuit01": [(.715, .145, .865, .305)], "female_casualsuit02": [(.715, .145, .865, .305)],
    "male_casualsuit02": [(.49, .10, .63, .24)],
    "male_casualsuit04": [(.48, .09, .63, .245)], "male_casualsuit06": [(.19, .10, .31, .17), (.40, .09, .66, .21)],
}
FORMAT = 4


def parse_obj(path):
    positions, uvs, faces, uv_faces, groups, group = [], [], [], [], [], ""
    for line in open(path):
        word, *rest = line.split() or [""]
        if word == "v":
            positions.append([float(x) for x in rest[:3]])
        elif word == "vt":
            uvs.append([float(x) for x in rest[:2]])
        elif word == "g":
            group = rest[0]
        elif word == "f":
            corners = [token.split("/") for token in rest]
            v = [int(c[0]) - 1 for c in corners]
            t = [int(c[1]) - 1 if len(c) > 1 and c[1] else 0 for c in corners]
            for k in range(1, len(v) - 1):
                if len({v[0], v[k], v[k + 1]}) == 3:
                    faces.append([v[0], v[k], v[k + 1]])
                    uv_faces.append([t[0], t[k], t[k + 1]])
                    groups.append(group)
    uvs = np.array(uvs, np.float32)
    uvs[:, 1] = 1 - uvs[:, 1]
    return (np.array(positions, np.float32), uvs, np.array(faces, np.int32), np.array(uv_faces, np.int32), np.array(groups))


def parse_mhclo(path, base_count):
    """A proxy's fit to the base mesh: references, barycentric weights (may be negative), offsets, scales, hidden vertices."""
    references, weights, offsets, scale = [], [], [], {}
    hidden = np.zeros(base_count, bool)
    obj, depth, mode = None, 50, None
    for line in open(path, encoding="utf-8", errors="replace"):
        words = line.split("#")[0].split()
        if not words:
            continue
        key = words[0]
        if key in ("x_scale", "y_scale", "z_scale"):
            scale["xyz".index(key[0])] = (int(words[1]), int(words[2]), float(words[3]))
        elif key == "z_depth":
            depth = int(words[1])
        elif key == "obj_file":
            obj = words[1]
        elif key in ("verts", "delete_verts"):
            mode = key
        elif not key.lstrip("-").isdigit():
            mode = mode if mode == "verts" else None
        elif mode == "verts":
            exact = len(words) == 1
            references.append([int(key)] * 3 if exact else [int(w) for w in words[:3]])
            weights.append([1, 0, 0] if exact else [float(w) for w in words[3:6]])
            offsets.append([0, 0, 0] if exact else [float(w) for w in words[6:9]])
        elif mode == "delete_verts":
            i = 0
            while i < len(words):
                ranged = i + 2 < len(words) and words[i + 1] == "-"
                hidden[int(words[i]):int(words[i + 2 if ranged else i]) + 1] = True
                i += 3 if ranged else 1
    scales = np.array([scale.get(axis, (0, 0, 0)) for axis in range(3)], np.float64)
    return dict(references=np.array(references, np.int32), weights=np.array(weights, np.float32),
                offsets=np.array(offsets, np.float32), scales=scales, hidden=hidden, depth=depth), path.parent / obj


def components(faces, count):
    """Connected components, largest first (at most 8 told apart): one number a triangle."""
    parent = np.arange(count)

    def root(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for a, b, c in faces:
        parent[root(b)] = root(a)
        parent[root(c)] = root(a)
    labels = np.array([root(f[0]) for f in faces])
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    return np.minimum(rank[inverse], 7).astype(np.uint8)


def strongest(weights, count=4):
    weights = np.maximum(weights, 0)
    bones = np.argsort(-weights, 1, kind="stable")[:, :count]
    kept = np.take_along_axis(weights, bones, 1)
    return bones.astype(np.uint8), (kept / (kept.sum(1, keepdims=True) + 1e-12)).astype(np.float32)


def rgba(path, size=TEXTURE):
    image = Image.open(path).convert("RGBA")
    return np.asarray(image if image.size == (size, size) else image.resize((size, size), Image.BOX)).copy()


def paint_over(texture, boxes, rng):
    """Fill each box from its left and right edges, with the cloth's own noise."""
    for left, top, right, bottom in boxes:
        x0, x1, y0, y1 = (int(v * TEXTURE) for v in (left, right, top, bottom))
        edges = [np.median(texture[y0:y1, slice_, :3], 1, keepdims=True).astype(float)
                 for slice_ in (slice(x0 - 6, x0), slice(x1, x1 + 6))]
        t = np.linspace(0, 1, x1 - x0)[None, :, None]
        smooth = edges[0] * (1 - t) + edges[1] * t
        texture[y0:y1, x0:x1, :3] = np.clip(smooth + rng.normal(0, 3, (y1 - y0, x1 - x0, 1)), 0, 255)
    return texture


class Packer:
    def __init__(self, folder):
        self.folder, self.out = Path(folder), {}
        self.base()
        self.rig()
        self.targets()

    def base(self):
        positions, uvs, faces, uv_faces, groups = parse_obj(self.folder / "base/base.obj")
        body = groups == "body"
        self.positions, self.count = positions, len(positions)
        self.cubes = {g: np.unique(faces[groups == g]) for g in np.unique(groups) if g.startswith("joint-")}
        self.out.update(base_positions=positions, base_uvs=uvs, base_faces=faces[body], base_uv_faces=uv_faces[body])

    def rig(self):
        rig = json.loads((self.folder / "rig/rig.game_engine.json").read_text())
        order = []

        def visit(bone):
            order.append(bone)
            for child, value in rig.items():
                if value["parent"] == bone:
                    visit(child)

        for bone, value in rig.items():
            if not value["parent"]:
                visit(bone)
        index = {bone: i for i, bone in enumerate(order)}
        weights = np.zeros((self.count, len(order)), np.float32)
        for bone, entries in json.loads((self.folder / "rig/weights.game_engine.json").read_text())["weights"].items():
            for vertex, weight in entries:
                weights[vertex, index[bone]] += weight
        self.weights = weights
        bones, strongest_weights = strongest(weights)
        heads, tails = ([self.landmark(rig[bone][end]) for bone in order] for end in ("head", "tail"))
        pose = json.loads((self.folder / "rig/rig.openpose.json").read_text())["bones"]
        face = [pose["LEye"]["head"], pose["REar"]["head"], pose["LEar"]["head"], pose["REar"]["tail"], pose["LEar"]["tail"]]
        self.out.update(bone_names=np.array(order), parents=np.array([index.get(rig[b]["parent"], -1) for b in order], np.int32),
                        base_bones=bones, base_weights=strongest_weights, dominant=weights.argmax(1).astype(np.uint8))
        for name, groups in (("heads", heads), ("tails", tails), ("face", [np.array(f["vertex_indices"]) for f in face])):
            self.out[name] = np.concatenate(groups).astype(np.int32)
            self.out[name + "_ends"] = np.cumsum([len(g) for g in groups]).astype(np.int32)

    def landmark(self, spec):
        """The vertices whose mean is a bone's end."""
        return self.cubes[spec["cube_name"]] if spec["strategy"] == "CUBE" else np.array(spec["vertex_indices"])

    def targets(self):
        names, rows = [], []
        for path in sorted(self.folder.glob("targets/**/*.target.gz")):
            row = np.zeros((self.count, 3), np.float32)
            for line in gzip.open(path, "rt"):
                words = line.split()
                if words and not words[0].startswith("#"):
                    row[int(words[0])] = [float(x) for x in words[1:4]]
            names.append(path.name.removesuffix(".target.gz"))
            rows.append(row.astype(np.float16))
        self.out.update(target_names=np.array(names), targets=np.stack(rows))

    def proxy(self, key, path, texture, occlusion=None, logos=()):
        fit, obj = parse_mhclo(path, self.count)
        positions, uvs, faces, uv_faces, _ = parse_obj(obj)
        assert len(positions) == len(fit["references"]), path
        bones, weights = strongest((self.weights[fit["references"]] * fit["weights"][:, :, None]).sum(1))
        parts = components(faces, len(positions))
        heights = (self.positions[fit["references"]] * fit["weights"][:, :, None]).sum(1)[:, 1]
        upper = np.array([heights[np.unique(faces[parts == c])].mean() > TOPS_ABOVE if (parts == c).any() else False for c in range(8)])
        entry = dict(fit, uvs=uvs, faces=faces, uv_faces=uv_faces, bones=bones, bone_weights=weights, components=parts, upper=upper)
        if texture is not None:
            image = paint_over(rgba(texture), logos, np.random.default_rng(0)) if not isinstance(texture, np.ndarray) else texture
            opaque = image[..., 3] > 127
            linear = (image[opaque][:, :3] / 255.) ** 2.2
            entry.update(texture=image, mean=linear.mean(0).astype(np.float32))
            folds = np.full((TEXTURE, TEXTURE), 255, np.uint8)
            if occlusion is not None and occlusion.exists():
                folds = np.asarray(Image.open(occlusion).convert("L").resize((TEXTURE, TEXTURE)))
            entry["occlusion"] = folds
        for name, value in entry.items():
            self.out[f"{key}/{name}"] = np.asarray(value)

    def wardrobe(self):
        for name in FEMININE + MASCULINE + SHOES:
            folder = self.folder / "clothes" / name
            texture = folder / f"{name}_diffuse.png"
            if name == "male_worksuit01":  # its texture does not match its UVs
                plain = np.random.default_rng(0).normal(150, 9, (TEXTURE, TEXTURE, 1)).clip(0, 255).repeat(4, 2).astype(np.uint8)
                plain[..., 3] = 255
                self.proxy(name, folder / f"{name}.mhclo", plain)
            else:
                self.proxy(name, folder / f"{name}.mhclo", texture, folder / f"{name}_ao.png", LOGOS.get(name, ()))
        for name in HAIR:
            folder = self.folder / "hair" / name
            self.proxy(name, folder / f"{name}.mhclo", next(folder.glob("*.png")))
        fedora = self.folder / "clothes/fedora01"
        for name in ("fedora", "fedora_cocked"):
            self.proxy(name, fedora / f"{name}.mhclo", fedora / "fedora_texture_grey.png")
        for i in range(1, 13):
            self.proxy(f"eyebrow{i:03d}", self.folder / f"eyebrows/eyebrow{i:03d}/eyebrow{i:03d}.mhclo", self.folder / f"eyebrows/eyebrow{i:03d}/eyebrow{i:03d}.png")
        for i in range(1, 5):
            self.proxy(f"eyelashes0{i}", self.folder / f"eyelashes/eyelashes0{i}/eyelashes0{i}.mhclo", self.folder / f"eyelashes/eyelashes0{i}/eyelashes0{i}.png")
        self.proxy("eyes", self.folder / "eyes/low-poly.mhclo", None)
        for path in sorted(self.folder.glob("eyes/*_eye.png")):
            self.out[f"iris/{path.stem.removesuffix('_eye')}"] = rgba(path, 256)
        for path in sorted(self.folder.glob("skins/*.png")):
            self.out[f"skin/{path.stem}"] = rgba(path)


class Assets(dict):
    """The packed arrays by name."""

    def __init__(self, arrays):
        super().__init__(arrays)
        self["targets"] = self["targets"].astype(np.float32)
        self.target_index = {str(name): i for i, name in enumerate(self["target_names"])}
        self.bone_index = {str(name): i for i, name in enumerate(self["bone_names"])}
        self.skins = [name[5:] for name in self if name.startswith("skin/")]
        self.irises = [name[5:] for name in self if name.startswith("iris/")]
        of_arms = [name.startswith(("upperarm", "lowerarm", "hand", "index", "middle", "ring", "pinky", "thumb")) for name in self["bone_names"]]
        self.arms = np.array(of_arms)[self["dominant"]]  # vertices that arms move
        self.of_head = np.array([name == "head" for name in self["bone_names"]])[self["dominant"]]
        self.made = {}  # textures at smaller sizes and their mip chains, shared between people

    def sized(self, key, size):
        """A square texture at `size`, or its own when that is smaller."""
        if (key, size) not in self.made:
            image = self[key]
            while image.shape[0] > size:
                image = image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2, -1).mean((1, 3)).astype(np.uint8).squeeze()
            self.made[key, size] = np.ascontiguousarray(image)
        return self.made[key, size]

    def chain(self, key, size):
        if (key, size, "mips") not in self.made:
            image = self.sized(key, size)
            self.made[key, size, "mips"] = mip_chain(image), image.shape[0]
        return self.made[key, size, "mips"]


def load(folder, cache):
    """The packed assets. `cache`: the .npz to read, or to write when it is missing or old."""
    cache = Path(cache)
    if cache.exists():
        with np.load(cache) as stored:
            if int(stored["format"]) == FORMAT:
                return Assets({name: stored[name] for name in stored.files})
    packer = Packer(folder)
    packer.wardrobe()
    packer.out["format"] = np.array(FORMAT)
    cache.parent.mkdir(parents=True, exist_ok=True)
    temporary = cache.with_suffix(".tmp.npz")
    np.savez_compressed(temporary, **packer.out)
    temporary.replace(cache)
    return Assets(packer.out)
