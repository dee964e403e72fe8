"""A pose as a vector that can be blended and eased, and its way to bone rotations.

Feet and hands are given where they are, not by angles: planted feet stay planted and hands keep clear of the trunk.
Lengths are in legs (root and feet) and arms (hands), so that one vector suits every body. Angles are in radians.
"""
import numpy as np

from .native import address, library

TRUNK = ["place_x", "place_z", "heading", "sway_x", "sway_z", "rise", "jump", "pelvis_pitch", "pelvis_roll", "pelvis_twist",
         "spine_pitch", "spine_roll", "spine_twist", "head_pitch", "head_roll", "head_twist"]
ARM = ["hand_x", "hand_y", "hand_z", "swivel", "turn", "bend", "curl"]  # x: outwards, y: up, z: forwards of the shoulder
LEG = ["foot_x", "foot_y", "foot_z", "toe_out", "heel", "knee_out"]     # x: outwards of the middle, y: above the ground
NAMES = TRUNK + [f"{n}_{s}" for s in "lr" for n in ARM] + [f"{n}_{s}" for s in "lr" for n in LEG]
INDEX = {name: i for i, name in enumerate(NAMES)}
SIZE = len(NAMES)


def neutral():
    """Standing at ease."""
    pose = np.zeros(SIZE)
    for side in "lr":
        put(pose, side, hand_x=.16, hand_y=-.95, hand_z=.1, curl=.35, foot_x=.13, toe_out=.12)
    return pose


def put(pose, side="", **values):
    """Set named parameters (`side`: "l" or "r" for an arm or a leg); works on a track of poses too."""
    for name, value in values.items():
        pose[..., INDEX[f"{name}_{side}" if side else name]] = value
    return pose


def get(pose, name):
    return pose[..., INDEX[name]]


def mirrored(pose):
    """The same pose with left and right exchanged."""
    out = pose.copy()
    for name in ARM + LEG:
        out[..., INDEX[f"{name}_l"]], out[..., INDEX[f"{name}_r"]] = get(pose, f"{name}_r"), get(pose, f"{name}_l")
    for name in ("place_x", "heading", "sway_x", "pelvis_roll", "pelvis_twist", "spine_roll", "spine_twist", "head_roll", "head_twist"):
        out[..., INDEX[name]] *= -1
    return out


def rotation(axis, angle):
    x, y, z = axis
    c, s = np.cos(angle), np.sin(angle)
    t = 1 - c
    return np.array([[t * x * x + c, t * x * y - s * z, t * x * z + s * y],
                     [t * x * y + s * z, t * y * y + c, t * y * z - s * x],
                     [t * x * z - s * y, t * y * z + s * x, t * z * z + c]])


X, Y, Z = np.eye(3)


def euler(pitch, roll, twist):
    return rotation(Y, twist) @ rotation(X, pitch) @ rotation(Z, roll)


def unit(v):
    return v / (np.sqrt(v @ v) + 1e-12)


def cross(a, b):
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def frame(along, hinge):
    """An orthonormal frame whose first axis is `along` and whose second is near `hinge`."""
    along = unit(along)
    hinge = unit(hinge - along * (hinge @ along))
    return np.stack([along, hinge, cross(along, hinge)], 1)


def two_bones(start, end, first, second, pole):
    """The middle joint between `start` and `end` for the given lengths, bent towards `pole`, and the end reached."""
    reach = end - start
    distance = np.clip(np.sqrt(reach @ reach), abs(first - second) * 1.02 + 1e-3, (first + second) * .998)
    axis = unit(reach)
    along = (first ** 2 - second ** 2 + distance ** 2) / (2 * distance)
    out = unit(pole - axis * (pole @ axis))
    return start + axis * along + out * np.sqrt(max(first ** 2 - along ** 2, 0)), start + axis * distance


class Poser:
    """Turns pose vectors into bone matrices for one body."""

    def __init__(self, body, sole):
        """sole: the height of the lowest point (shoes included) in the rest pose."""
        self.body, self.bone = body, body.bone
        self.leg = sum(np.linalg.norm(body.head_of(a) - body.head_of(b)) for a, b in (("thigh_l", "calf_l"), ("calf_l", "foot_l")))
        self.arm = sum(np.linalg.norm(body.head_of(a) - body.head_of(b)) for a, b in (("upperarm_l", "lowerarm_l"), ("lowerarm_l", "hand_l")))
        self.sole = sole
        self.ankle = body.head_of("foot_l")[1] - sole
        self.rest = {}
        for s in "lr":
            upper, elbow, wrist = (body.head_of(f"{b}_{s}") for b in ("upperarm", "lowerarm", "hand"))
            hip, knee, ankle = (body.head_of(f"{b}_{s}") for b in ("thigh", "calf", "foot"))
            hinge = cross(elbow - upper, wrist - elbow)
            toe = body.tails[self.bone(f"ball_{s}")] - ankle
            self.rest[s] = dict(
                upper=frame(elbow - upper, hinge), lower=frame(wrist - elbow, hinge), wrist=unit(wrist - elbow),
                thigh=frame(knee - hip, X), calf=frame(ankle - knee, X), toe=np.arctan2(toe[0], toe[2]),
                lengths=[np.linalg.norm(v) for v in (elbow - upper, wrist - elbow, knee - hip, ankle - knee)],
                palm=unit(hinge))
        self.fingers = self.finger_axes()

    def finger_axes(self):
        axes = []
        for s, sign in (("l", 1), ("r", -1)):
            palm = cross(self.body.head_of(f"index_01_{s}") - self.body.head_of(f"hand_{s}"),
                         self.body.head_of(f"pinky_01_{s}") - self.body.head_of(f"hand_{s}")) * -sign
            for finger in ("index", "middle", "ring", "pinky"):
                for k in (1, 2, 3):
                    bone = self.bone(f"{finger}_0{k}_{s}")
                    axes.append((bone, s, unit(cross(self.body.tails[bone] - self.body.heads[bone], palm)), (.7, 1.1, .8)[k - 1]))
        return axes

    def matrices(self, pose):
        """Bone matrices (bones, 3, 4) in the world: the ground is y = 0."""
        p = dict(zip(NAMES, pose))
        rotations = np.tile(np.eye(3), (len(self.body.parents), 1, 1))
        heading = rotation(Y, p["heading"])
        world_pelvis = heading @ euler(p["pelvis_pitch"], p["pelvis_roll"], p["pelvis_twist"])
        rotations[self.bone("pelvis")] = world_pelvis
        spine = euler(p["spine_pitch"] / 3, p["spine_roll"] / 3, p["spine_twist"] / 3)
        for name in ("spine_01", "spine_02", "spine_03"):
            rotations[self.bone(name)] = spine
        nod = euler(p["head_pitch"] / 2, p["head_roll"] / 2, p["head_twist"] / 2)
        rotations[self.bone("neck_01")] = rotations[self.bone("head")] = nod
        for k, (bone, side, axis, share) in enumerate(self.fingers):
            rotations[bone] = rotation(axis, p[f"curl_{side}"] * share)

        origin, moved = self.root(p, heading, world_pelvis)
        for side in "lr":
            self.pose_leg(p, side, heading, world_pelvis, moved, rotations)
        for side, sign in (("l", 1), ("r", -1)):
            self.pose_arm(p, side, sign, rotations)
        matrices = self.body.kinematics(rotations)
        matrices[:, :, 3] += origin
        return matrices

    def ankle_target(self, p, side, heading):
        sign = 1 if side == "l" else -1
        lift = p[f"foot_y_{side}"] * self.leg + self.ankle
        flat = heading @ np.array([sign * p[f"foot_x_{side}"] * self.leg, 0, p[f"foot_z_{side}"] * self.leg])
        # A raised heel turns the foot about its ball.
        foot = np.linalg.norm((self.body.head_of(f"ball_{side}") - self.body.head_of(f"foot_{side}"))[[0, 2]])
        heel = p[f"heel_{side}"]
        forward = heading @ rotation(Y, sign * p[f"toe_out_{side}"]) @ Z
        return flat + forward * foot * (1 - np.cos(heel)) + Y * (lift + np.sin(max(heel, 0)) * foot)

    def root(self, p, heading, world_pelvis):
        """Where the pelvis goes: as high as asked, but never out of reach of a planted foot."""
        body = self.body
        pelvis = body.head_of("pelvis")
        place = np.array([p["place_x"], 0, p["place_z"]]) * self.leg
        sway = heading @ np.array([p["sway_x"], 0, p["sway_z"]]) * self.leg
        jump = max(p["jump"], 0) * self.leg
        hips = {s: world_pelvis @ (body.head_of(f"thigh_{s}") - pelvis) for s in "lr"}
        targets = {s: self.ankle_target(p, s, heading) for s in "lr"}
        standing = np.mean([self.leg * .993 + self.ankle - hips[s][1] for s in "lr"])
        height = standing + p["rise"] * self.leg
        for s in "lr":
            if p[f"foot_y_{s}"] > .08:
                continue
            across = (hips[s] + sway - targets[s])[[0, 2]]
            room = np.sqrt(max((self.leg * .995) ** 2 - across @ across, (.35 * self.leg) ** 2))
            height = min(height, targets[s][1] + room - hips[s][1])
        root = np.array([sway[0], height, sway[2]])
        # `moved`: ankles and hips about the pelvis; `origin`: what the kinematics' result is shifted by.
        moved = {s: (targets[s] - root, hips[s]) for s in "lr"}
        return place + root - pelvis + Y * jump, moved

    def pose_leg(self, p, side, heading, world_pelvis, moved, rotations):
        sign, rest = (1 if side == "l" else -1), self.rest[side]
        target, hip = moved[side]
        toes = heading @ rotation(Y, sign * p[f"toe_out_{side}"])
        forwards = heading @ rotation(Y, sign * (p[f"knee_out_{side}"] + .6 * p[f"toe_out_{side}"])) @ Z
        pole = unit(forwards + .2 * (world_pelvis @ Z))
        knee, ankle = two_bones(hip, target, *rest["lengths"][2:], pole)
        hinge = cross(ankle - hip, pole)
        hinge = unit(hinge) * (1 if hinge @ (heading @ X) > 0 else -1)
        thigh = frame(knee - hip, hinge) @ rest["thigh"].T
        calf = frame(ankle - knee, hinge) @ rest["calf"].T
        lifted = min(max(p[f"foot_y_{side}"], 0) / .15, 1)
        # A foot in the air hangs from its shin; one on the ground lies flat, or stands on its ball.
        level = toes @ rotation(Y, -rest["toe"]) @ rotation(X, p[f"heel_{side}"])
        if lifted > 0:
            hanging = calf @ rotation(X, .35)
            level = blend_rotations(level, hanging, lifted * .7)
        rotations[self.bone(f"thigh_{side}")] = world_pelvis.T @ thigh
        rotations[self.bone(f"calf_{side}")] = thigh.T @ calf
        rotations[self.bone(f"foot_{side}")] = calf.T @ level
        rotations[self.bone(f"ball_{side}")] = rotation(X, -max(p[f"heel_{side}"], 0) * (1 - lifted))

    def pose_arm(self, p, side, sign, rotations):
        body, rest = self.body, self.rest[side]
        hand = np.array([sign * p[f"hand_x_{side}"], p[f"hand_y_{side}"], p[f"hand_z_{side}"]]) * self.arm
        # The collarbone follows a raised or crossing arm.
        raised = max(p[f"hand_y_{side}"] + .1, 0)
        collar = rotation(Z, sign * .42 * min(raised, 1)) @ rotation(Y, -sign * .25 * max(p[f"hand_z_{side}"], 0) * (p[f"hand_x_{side}"] < .2))
        rotations[self.bone(f"clavicle_{side}")] = collar
        clavicle, upper = body.head_of(f"clavicle_{side}"), body.head_of(f"upperarm_{side}")
        shoulder = clavicle + collar @ (upper - clavicle)
        target = upper + hand
        axis = unit(target - shoulder)
        pole = np.array([sign * .7, -.6, -.5])
        pole = unit(pole - axis * (pole @ axis))
        pole = rotation(axis, -sign * p[f"swivel_{side}"]) @ pole
        elbow, wrist = two_bones(shoulder, target, *rest["lengths"][:2], pole)
        hinge = cross(pole, axis)
        arm = frame(elbow - shoulder, hinge) @ rest["upper"].T
        fore = frame(wrist - elbow, hinge) @ rest["lower"].T
        rotations[self.bone(f"upperarm_{side}")] = collar.T @ arm
        # Half of the forearm's turn is taken by the forearm itself, as skin does.
        turn = sign * p[f"turn_{side}"]
        rotations[self.bone(f"lowerarm_{side}")] = arm.T @ fore @ rotation(rest["wrist"], turn * .5)
        rotations[self.bone(f"hand_{side}")] = rotation(rest["wrist"], turn * .5) @ rotation(rest["palm"], p[f"bend_{side}"])

    def collision(self, matrices):
        """How deep (dm) arms and hands sit inside the trunk, the legs or each other."""
        body, bone = self.body, self.bone

        def placed(name):
            m = matrices[bone(name)]
            return m[:, :3] @ body.heads[bone(name)] + m[:, 3]

        inverse = []
        for name in ("spine_02", "pelvis", "head"):
            r, t = matrices[bone(name)][:, :3], matrices[bone(name)][:, 3]
            inverse.append(np.concatenate([r.T, -(r.T @ t)[:, None]], 1))
        probes, capsules, hands, shins = [], [], [], []
        for s in "lr":
            elbow, wrist, fingers = placed(f"lowerarm_{s}"), placed(f"hand_{s}"), placed(f"middle_02_{s}")
            probes += [(*elbow, .35), (*wrist, .4), (*fingers, .3), (*((elbow + wrist) / 2), .45)]
            hip, knee, ankle = placed(f"thigh_{s}"), placed(f"calf_{s}"), placed(f"foot_{s}")
            capsules += [(*hip, *knee, .95), (*knee, *ankle, .6)]
            hands.append((wrist, elbow))
            shins.append((knee, ankle))
        probes, capsules, inverse = np.array(probes), np.array(capsules), np.array(inverse)
        low, high = body.slice_range
        depth = library.penetration(len(body.trunk), address(body.trunk), low, high, len(inverse), address(inverse),
                                    len(probes), address(probes), len(capsules), address(capsules))
        depth = max(depth, 1.0 - np.linalg.norm(hands[0][0] - hands[1][0]))
        for a, b in zip(*shins):
            depth = max(depth, 1.05 - np.linalg.norm(a - b))
        return depth


def blend_rotations(a, b, t):
    """From a to b: both columns eased and made orthonormal again."""
    m = a * (1 - t) + b * t
    x = unit(m[:, 0])
    y = unit(m[:, 1] - x * (m[:, 1] @ x))
    return np.stack([x, y, cross(x, y)], 1)
