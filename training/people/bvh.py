"""Motion capture: a BVH file as a track of pose vectors, so that any recorded dance can be worn by any body.

Only joints' positions are read; the body is posed by its own inverse kinematics, so skeletons of any proportion do.
"""
import numpy as np

from .pose import INDEX, cross, neutral, put, rotation, unit

# Names that files use, lower case and without punctuation, prefixes such as "mixamorig:" dropped.
NAMES = {
    "pelvis": ["hips", "hip", "pelvis", "root"], "chest": ["spine3", "spine2", "upperchest", "chest2", "chest", "spine1", "spine"],
    "head": ["head"], "neck": ["neck1", "neck"],
    **{f"{part}_{s}": [side + name for side in sides for name in names]
       for s, sides in (("l", ("left", "l")), ("r", ("right", "r")))
       for part, names in (("upperarm", ("arm", "uparm", "upperarm", "shldr")), ("lowerarm", ("forearm", "lowarm", "lowerarm")), ("hand", ("hand", "wrist")),
                           ("thigh", ("upleg", "thigh", "upperleg")), ("calf", ("leg", "shin", "lowleg", "lowerleg", "calf")), ("foot", ("foot", "ankle")))},
}
REQUIRED = ["pelvis"] + [f"{part}_{s}" for part in ("upperarm", "lowerarm", "hand", "thigh", "calf", "foot") for s in "lr"]


def parse(text):
    """-> joint names, parents, offsets, channels (a list of names a joint), frames (count, channels), seconds a frame."""
    tokens = text.split()
    names, parents, offsets, channels, stack, at = [], [], [], [], [], 0
    while tokens[at] != "MOTION":
        token = tokens[at]
        if token in ("ROOT", "JOINT", "End"):
            parents.append(stack[-1] if stack else -1)
            names.append(tokens[at + 1] if token != "End" else f"{names[stack[-1]]}.end")
            channels.append([])
            at += 2
        elif token == "{":
            stack.append(len(names) - 1)
            at += 1
        elif token == "}":
            stack.pop()
            at += 1
        elif token == "OFFSET":
            offsets.append([float(v) for v in tokens[at + 1:at + 4]])
            at += 4
        elif token == "CHANNELS":
            count = int(tokens[at + 1])
            channels[-1] = tokens[at + 2:at + 2 + count]
            at += 2 + count
        else:
            at += 1
    count, seconds = int(tokens[at + 2]), float(tokens[at + 5])
    width = sum(map(len, channels))
    if len(tokens) < at + 6 + count * width:
        raise ValueError(f"the BVH ends early: {count} frames of {width} channels were announced")
    values = np.array(tokens[at + 6:at + 6 + count * width], float).reshape(count, width)
    return names, parents, np.array(offsets), channels, values, seconds


def positions(text):
    """-> {joint name: (frames, 3)}, seconds a frame."""
    names, parents, offsets, channels, values, seconds = parse(text)
    frames = len(values)
    placed, turned, column = {}, [], 0
    points = np.zeros((len(names), frames, 3))
    for i, name in enumerate(names):
        turn, shift = np.tile(np.eye(3), (frames, 1, 1)), np.tile(offsets[i], (frames, 1))
        for channel in channels[i]:
            axis, v = "XYZ".index(channel[0].upper()), values[:, column]
            column += 1
            if channel.endswith("position"):
                shift[:, axis] = v if parents[i] < 0 else offsets[i][axis] + v
            else:
                turn = turn @ np.stack([rotation(np.eye(3)[axis], angle) for angle in np.radians(v)])
        if parents[i] < 0:
            points[i] = shift
            turned.append(turn)
        else:
            parent = parents[i]
            points[i] = points[parent] + np.einsum("fab,fb->fa", turned[parent], shift)
            turned.append(turned[parent] @ turn)
        placed[name] = points[i]
    return placed, seconds


def simplified(name):
    return "".join(c for c in name.split(":")[-1].lower() if c.isalnum()).removeprefix("mixamorig")


def find_joints(placed):
    by_name = {}
    for name, track in placed.items():
        by_name.setdefault(simplified(name), track)
    found = {}
    for part, candidates in NAMES.items():
        match = next((by_name[c] for c in candidates if c in by_name), None)
        if match is not None:
            found[part] = match
    missing = [part for part in REQUIRED if part not in found]
    if missing:
        raise ValueError(f"the BVH has no joint for {', '.join(missing)}; it has {', '.join(placed)}")
    return found


def load_bvh(path, fps=25):
    """A BVH file as a track (frames, SIZE) at `fps`, facing the camera at the start, its ground at the lowest foot."""
    placed, seconds = positions(open(path).read())
    joints = find_joints(placed)
    count = max(int(len(joints["pelvis"]) * seconds * fps), 1)
    picked = np.minimum(np.round(np.arange(count) / fps / seconds).astype(int), len(joints["pelvis"]) - 1)
    joints = {name: track[picked] for name, track in joints.items()}
    leg = np.mean([np.linalg.norm(joints[f"thigh_{s}"] - joints[f"calf_{s}"], axis=1).mean() + np.linalg.norm(joints[f"calf_{s}"] - joints[f"foot_{s}"], axis=1).mean() for s in "lr"])
    arm = np.mean([np.linalg.norm(joints[f"upperarm_{s}"] - joints[f"lowerarm_{s}"], axis=1).mean() + np.linalg.norm(joints[f"lowerarm_{s}"] - joints[f"hand_{s}"], axis=1).mean() for s in "lr"])
    ground = min(joints[f"foot_{s}"][:, 1].min() for s in "lr")
    start = joints["pelvis"][0]
    facing = facing_angle(joints, 0)
    track = np.tile(neutral(), (count, 1))
    for i in range(count):
        at = {name: v[i] for name, v in joints.items()}
        track[i] = one_pose(at, leg, arm, ground, start, facing)
    track[:, INDEX["heading"]] = np.unwrap(track[:, INDEX["heading"]])
    return track


def facing_angle(joints, i):
    across = joints["thigh_l"][i] - joints["thigh_r"][i]
    return np.arctan2(-across[2], across[0])


def one_pose(at, leg, arm, ground, start, facing):
    pose = neutral()
    across = at["thigh_l"] - at["thigh_r"]
    heading = np.arctan2(-across[2], across[0])
    home = rotation(np.array([0., 1, 0]), -heading)
    hips = (at["thigh_l"] + at["thigh_r"]) / 2
    shoulders = (at["upperarm_l"] + at["upperarm_r"]) / 2
    spine = home @ (shoulders - hips)
    width = home @ (at["upperarm_l"] - at["upperarm_r"])
    place = rotation(np.array([0., 1, 0]), -facing) @ (at["pelvis"] - start) / leg
    put(pose, heading=heading - facing, place_x=place[0], place_z=place[2], rise=min((hips[1] - ground) / leg - 1, .02),
        pelvis_roll=np.arctan2((home @ across)[1], np.hypot(*(home @ across)[[0, 2]])),
        spine_pitch=np.arctan2(spine[2], spine[1]), spine_roll=-np.arctan2(spine[0], spine[1]), spine_twist=np.arctan2(-width[2], width[0]))
    # The chest's own axes, in which hands are given.
    up = unit(shoulders - hips)
    side = unit(at["upperarm_l"] - at["upperarm_r"])
    chest = np.stack([side, unit(up - side * (up @ side)), cross(side, unit(up - side * (up @ side)))])
    for s, sign in (("l", 1), ("r", -1)):
        hand = chest @ (at[f"hand_{s}"] - at[f"upperarm_{s}"]) / arm
        foot = home @ (at[f"foot_{s}"] - at["pelvis"]) / leg
        put(pose, s, hand_x=sign * hand[0], hand_y=hand[1], hand_z=hand[2], foot_x=sign * foot[0], foot_z=foot[2],
            foot_y=max((at[f"foot_{s}"][1] - ground) / leg - .02, 0))
    return pose
