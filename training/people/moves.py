"""Dances and everyday poses, as tracks of pose vectors.

A dance is a row of phrases; each phrase pairs a footwork with an arm move, all of them functions of the beat, and the
phrases melt into one another. Sampling a moment of a random dance gives a believable pose; so do the everyday ones.
"""
import numpy as np

from .pose import INDEX, SIZE, get, mirrored, neutral, put

TAU = 2 * np.pi


def ease(x):
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def bump(phase, width=.5):
    """One smooth hill a cycle, over `width` of it."""
    u = (phase % 1) / width
    return np.where(u < 1, np.sin(np.pi * np.clip(u, 0, 1)) ** 2, 0)


def square(phase, sharpness=.18):
    """-1 and 1 by turns, eased: where a weight rests on one side and goes over quickly."""
    return np.tanh(np.sin(TAU * phase) / sharpness)


# Footwork: sets root and legs of `track` (frames, SIZE) for `beat` (frames), with a size and a random generator's choices.

def step_touch(track, beat, size, rng):
    """A step to the right, the left foot joins, a step to the left, the right foot joins: one a beat."""
    reach, gap, at = .26 * size, .17, beat % 4
    first, second, third, fourth = (ease((at - k) / .85) for k in range(4))
    right = reach - gap + (gap - 2 * reach) * (first - fourth)
    left = reach + (gap - 2 * reach) * (second - third)
    lifts = [bump((at - k) / .85, 1) * ((at >= k) & (at < k + .85)) for k in range(4)]
    put(track, "r", foot_x=-right, foot_y=.07 * (lifts[0] + lifts[3]))
    put(track, "l", foot_x=left, foot_y=.07 * (lifts[1] + lifts[2]), heel=.2)
    track[:, INDEX["sway_x"]] += (right + left) / 2
    track[:, INDEX["spine_roll"]] += .1 * size * np.sin(TAU * (beat + .5) / 4)
    track[:, INDEX["rise"]] -= .02 + .05 * size * bump(beat, 1)


def march(track, beat, size, rng):
    high = rng.uniform(.1, .42) * size
    for s, shift in (("l", 0), ("r", .5)):
        lift = bump(beat / 2 + shift, .5)
        put(track, s, foot_x=.11, foot_y=high * lift, foot_z=.12 * lift, heel=.4 * lift)
    track[:, INDEX["sway_x"]] += .045 * np.sin(TAU * beat / 2 + np.pi)
    track[:, INDEX["rise"]] -= .025 * size * bump(beat, 1)
    track[:, INDEX["pelvis_roll"]] += .05 * np.sin(TAU * beat / 2)


def groove(track, beat, size, rng):
    """Feet planted, knees bouncing, weight from side to side."""
    stance = rng.uniform(.15, .3)
    side = np.sin(TAU * beat / rng.choice([2, 4]))
    track[:, INDEX["sway_x"]] += .12 * size * side
    track[:, INDEX["rise"]] -= .03 + .07 * size * bump(beat, 1)
    track[:, INDEX["pelvis_roll"]] += .12 * size * side
    for s, sign in (("l", 1), ("r", -1)):
        put(track, s, foot_x=stance, toe_out=.3, heel=.35 * np.clip(-sign * side, 0, 1) * size)


def lunge(track, beat, size, rng):
    side = square(beat / 4, .3)
    width = .3 + .18 * size
    track[:, INDEX["sway_x"]] += .22 * size * side
    track[:, INDEX["rise"]] -= .06 * size + .05 * size * bump(beat, 1)
    for s, sign in (("l", 1), ("r", -1)):
        put(track, s, foot_x=width, toe_out=.45, knee_out=.2)
    track[:, INDEX["spine_roll"]] += .14 * size * side


def jacks(track, beat, size, rng):
    apart = .5 - .5 * np.cos(TAU * beat / 2)
    for s in "lr":
        put(track, s, foot_x=.09 + .3 * size * apart, heel=.25)
    track[:, INDEX["jump"]] += .1 * size * bump(beat, 1)
    track[:, INDEX["rise"]] -= .05 * bump(beat + .5, 1)


def kicks(track, beat, size, rng):
    forward = rng.random() < .6
    for s, shift in (("l", 0), ("r", .5)):
        lift = bump(beat / 4 + shift, .38)
        reach = .55 * size * lift
        put(track, s, foot_x=.12 + (0 if forward else reach), foot_z=reach if forward else .05, foot_y=.4 * size * lift)
    track[:, INDEX["sway_x"]] += -.09 * square(beat / 4 - .02, .4)
    track[:, INDEX["spine_pitch"]] += -.06 * size
    track[:, INDEX["rise"]] -= .03 * bump(beat, 1)


def twist(track, beat, size, rng):
    turn = np.sin(TAU * beat / 2) * .5 * size
    track[:, INDEX["pelvis_twist"]] += turn
    track[:, INDEX["spine_twist"]] -= 1.3 * turn
    track[:, INDEX["rise"]] -= .1 * size + .05 * size * np.sin(TAU * beat / 8)
    for s, sign in (("l", 1), ("r", -1)):
        put(track, s, foot_x=.16, toe_out=sign * turn * 1.4, heel=.25, knee_out=0)


def two_step(track, beat, size, rng):
    """Side, together, side, touch."""
    travel = .5 - .5 * np.cos(TAU * beat / 8)
    track[:, INDEX["place_x"]] += .5 * size * (travel - .5)
    for s, shift in (("l", 0), ("r", .5)):
        put(track, s, foot_x=.13 + .11 * size * np.sin(TAU * (beat / 2 + shift)) * .6, foot_y=.08 * bump(beat / 2 + shift, .5))
    track[:, INDEX["rise"]] -= .04 * size * bump(beat, 1)
    track[:, INDEX["spine_roll"]] += .07 * size * np.sin(TAU * beat / 2)


def salsa(track, beat, size, rng):
    for s, shift in (("l", 0), ("r", .5)):
        stride = np.sin(TAU * (beat / 4 + shift))
        put(track, s, foot_x=.09, foot_z=.2 * size * stride, foot_y=.05 * bump(beat / 2 + shift, .5), heel=.3 * np.clip(-stride, 0, 1), toe_out=.2)
    hips = np.sin(TAU * beat / 2)
    track[:, INDEX["pelvis_roll"]] += .17 * size * hips
    track[:, INDEX["pelvis_twist"]] += .22 * size * np.sin(TAU * beat / 2 + .8)
    track[:, INDEX["spine_roll"]] -= .17 * size * hips
    track[:, INDEX["sway_x"]] += .06 * size * hips
    track[:, INDEX["rise"]] -= .04


FOOTWORK = {f.__name__: f for f in (step_touch, march, groove, lunge, jacks, kicks, twist, two_step, salsa)}


# Arm moves: hands in arm lengths from the shoulders.

def swing(track, beat, size, rng):
    for s, shift in (("l", 0), ("r", .5)):
        w = np.sin(TAU * (beat / 2 + shift))
        put(track, s, hand_x=.2 + .08 * size, hand_y=-.72 + .14 * np.abs(w), hand_z=.22 + .42 * size * w, curl=.7)


def wave_overhead(track, beat, size, rng):
    side = np.sin(TAU * beat / 2)
    for s, sign in (("l", 1), ("r", -1)):
        put(track, s, hand_x=.2 + .3 * sign * side * size, hand_y=.86 - .1 * np.abs(side), hand_z=.1, curl=.15, bend=.3 * side * sign)
    track[:, INDEX["spine_roll"]] += -.1 * size * side


def arm_wave(track, beat, size, rng):
    """A ripple that travels from one hand to the other."""
    for s, shift in (("l", 0), ("r", .5)):
        w = np.sin(TAU * (beat / 4 + shift))
        put(track, s, hand_x=.86 - .08 * np.abs(w), hand_y=.05 + .34 * size * w, hand_z=.14, swivel=.6 * np.cos(TAU * (beat / 4 + shift)), bend=-.5 * w, curl=.1)


def disco(track, beat, size, rng):
    """One hand points to the sky, then across to the floor."""
    up = .5 + .5 * square(beat / 2, .3)
    put(track, "r", hand_x=.12 + .55 * up - .3 * (1 - up), hand_y=-.42 + 1.15 * up, hand_z=.36 - .16 * up, curl=.9)
    put(track, "l", hand_x=.3, hand_y=-.5, hand_z=.06, swivel=.5, curl=.6)
    track[:, INDEX["spine_twist"]] += .18 * size * (up - .5)
    track[:, INDEX["head_twist"]] += -.3 * (up - .4)


def roll(track, beat, size, rng):
    """Forearms roll around each other before the chest."""
    for s, shift in (("l", 0), ("r", .5)):
        a = TAU * (beat + shift)
        put(track, s, hand_x=-.1, hand_y=-.2 + .13 * np.sin(a), hand_z=.42 + .13 * np.cos(a), swivel=.5, curl=1)


def clap(track, beat, size, rng):
    high = rng.choice([-.1, .3, .62])
    open_ = (.5 + .5 * np.cos(TAU * beat / rng.choice([1, 2]))) * size
    for s in "lr":
        put(track, s, hand_x=-.13 + .5 * open_, hand_y=high + .05 * open_, hand_z=.45 - .06 * open_, curl=.1)


def push(track, beat, size, rng):
    """Both hands away, up or forwards, and back to the shoulders."""
    out = .5 - .5 * np.cos(TAU * beat / 2)
    up = rng.random() < .5
    for s in "lr":
        put(track, s, hand_x=.15, hand_y=-.1 + (.9 if up else .05) * out, hand_z=.28 + (-.12 if up else .55) * out, curl=.4, swivel=-.2)


def punches(track, beat, size, rng):
    for s, shift in (("l", 0), ("r", .5)):
        out = bump(beat / 2 + shift, .6)
        put(track, s, hand_x=.08 - .1 * out, hand_y=-.15 + .12 * out, hand_z=.32 + .55 * size * out, curl=1.3, swivel=-.3)


def circles(track, beat, size, rng):
    for s, shift in (("l", 0), ("r", rng.choice([0, .5]))):
        a = TAU * (beat / 4 + shift)
        put(track, s, hand_x=.5 + .34 * np.cos(a), hand_y=.1 + .62 * size * np.sin(a), hand_z=.3, curl=.2)


def robot(track, beat, size, rng):
    """Holds a pose, snaps to the next."""
    keys = rng.integers(0, 4, size=(64, 2))
    shapes = np.array([[.35, -.45, .5], [.5, -.05, .45], [.55, .35, .3], [.55, -.55, .1]])
    for s, k in (("l", 0), ("r", 1)):
        step = np.floor(beat).astype(int) % 64
        t = ease((beat % 1) / .3)[:, None]
        hand = shapes[keys[step - 1, k]] * (1 - t) + shapes[keys[step, k]] * t
        put(track, s, hand_x=hand[:, 0], hand_y=hand[:, 1], hand_z=hand[:, 2], curl=.1)
    t = ease((beat % 1) / .3)
    turns = rng.uniform(-.35, .35, 64)
    track[:, INDEX["spine_twist"]] += turns[step - 1] * (1 - t) + turns[step] * t
    track[:, INDEX["head_twist"]] += turns[step - 3] * (1 - t) + turns[step - 2] * t


def hips(track, beat, size, rng):
    for s in "lr":
        put(track, s, hand_x=.1, hand_y=-.62, hand_z=.1, swivel=-.5, turn=.3, curl=.5)
    track[:, INDEX["spine_roll"]] += .06 * size * np.sin(TAU * beat / 2)


def one_up(track, beat, size, rng):
    w = np.sin(TAU * beat)
    put(track, "r", hand_x=.34 + .1 * w, hand_y=.8, hand_z=.12, curl=.9)
    put(track, "l", hand_x=.22, hand_y=-.7, hand_z=.28 + .1 * w, curl=.6)
    track[:, INDEX["head_roll"]] += .06 * w


def frame_arms(track, beat, size, rng):
    """The rounded arms of ballet and ballroom, opening and closing."""
    open_ = .5 - .5 * np.cos(TAU * beat / 8)
    for s in "lr":
        put(track, s, hand_x=.1 + .6 * open_, hand_y=-.25 + .3 * open_ + .35 * size * np.sin(TAU * beat / 8), hand_z=.6 - .35 * open_, swivel=-.3, curl=.2)


ARMS = {f.__name__: f for f in (swing, wave_overhead, arm_wave, disco, roll, clap, push, punches, circles, robot, hips, one_up, frame_arms)}

STYLES = {
    "disco": (["step_touch", "groove", "lunge", "two_step"], ["disco", "roll", "clap", "wave_overhead", "one_up"], (108, 126)),
    "hip hop": (["groove", "march", "kicks", "two_step", "step_touch"], ["swing", "punches", "arm_wave", "push", "one_up"], (86, 104)),
    "salsa": (["salsa", "twist", "two_step"], ["swing", "hips", "frame_arms", "roll", "circles"], (92, 112)),
    "robot": (["groove", "march"], ["robot", "arm_wave", "robot"], (92, 112)),
    "aerobics": (["jacks", "march", "kicks", "lunge", "step_touch"], ["push", "punches", "circles", "clap", "wave_overhead"], (118, 138)),
    "lyrical": (["lunge", "groove", "step_touch", "two_step"], ["frame_arms", "circles", "arm_wave", "wave_overhead"], (66, 88)),
    "freestyle": (list(FOOTWORK), list(ARMS), (84, 128)),
}


def dance(rng, seconds, fps=25, style=None, turns=.25, phrases=None, bpm=None):
    """A track (frames, SIZE). `phrases`: (footwork, arms) names to go through instead of random ones."""
    style = style or str(rng.choice(list(STYLES)))
    feet, arms, tempo = STYLES[style]
    bpm = bpm or rng.uniform(*tempo)
    time = np.arange(round(seconds * fps)) / fps
    beat = time * bpm / 60
    beats = int(rng.choice([4, 8])) if phrases is None else 4
    count = int(beat[-1] // beats) + 2
    track = np.zeros((len(time), SIZE))
    weights = np.zeros(len(time))
    energy = rng.uniform(.65, 1.1)
    flip = rng.random() < .5
    for i in range(count):
        # Phrases overlap by a beat.
        weight = ease(beat - i * beats + .5) * (1 - ease(beat - (i + 1) * beats + .5))
        if i == 0:
            weight = 1 - ease(beat - beats + .5)
        choice = np.random.default_rng(rng.integers(1 << 31))
        if not (weight > 0).any():
            continue
        part = np.tile(neutral(), (len(time), 1))
        foot, arm = phrases[i % len(phrases)] if phrases else (str(choice.choice(feet)), str(choice.choice(arms)))
        size = energy * choice.uniform(.8, 1.15)
        FOOTWORK[foot](part, beat, size, choice)
        ARMS[arm](part, beat, size, choice)
        track += weight[:, None] * (mirrored(part) if flip ^ (i % 2 == 1 and choice.random() < .5) else part)
        weights += weight
    track /= weights[:, None]
    colour_in(track, beat, rng)
    if rng.random() < turns:
        at, long = rng.uniform(.2, .7) * seconds, rng.uniform(.9, 1.6)
        track[:, INDEX["heading"]] += rng.choice([-1, 1]) * TAU * ease((time - at) / long)
    return track


def colour_in(track, beat, rng):
    """What every dancer adds: a nodding head, a breathing chest, shoulders against the hips, a slow drift."""
    nod, groove_ = rng.uniform(.02, .12), rng.uniform(.02, .08)
    track[:, INDEX["head_pitch"]] += nod * np.sin(TAU * beat + rng.uniform(0, 6)) + rng.normal() * .06
    track[:, INDEX["spine_pitch"]] += groove_ * np.sin(TAU * beat + 1) + rng.uniform(-.02, .1)
    slow = rng.uniform(10, 22)
    for name, amount in (("head_twist", .22), ("spine_twist", .09), ("heading", .22), ("place_x", .05), ("place_z", .06)):
        track[:, INDEX[name]] += amount * rng.normal() * np.sin(TAU * beat / slow + rng.uniform(0, 6))
    for s in "lr":
        track[:, INDEX[f"curl_{s}"]] += rng.uniform(-.1, .3)
        track[:, INDEX[f"turn_{s}"]] += rng.normal() * .2


# Everyday poses.

def everyday(rng):
    pose = neutral()
    kind = rng.choice(["stand", "walk", "weight", "akimbo", "greet", "crouch", "reach", "talk", "stretch", "stride"],
                      p=[.2, .15, .14, .08, .09, .08, .08, .1, .04, .04])
    u = rng.uniform
    for s in "lr":
        put(pose, s, hand_x=u(.12, .26), hand_y=-u(.85, .97), hand_z=u(-.05, .25), curl=u(.2, .7), foot_x=u(.09, .2), toe_out=u(0, .4), foot_z=u(-.06, .06))
    if kind in ("walk", "stride"):
        stride, lead = u(.15, .35) if kind == "walk" else u(.35, .55), rng.choice([-1, 1])
        for s, sign in (("l", lead), ("r", -lead)):
            put(pose, s, foot_z=sign * stride, foot_x=u(.05, .12), heel=max(-sign, 0) * u(.2, .8), hand_z=-sign * u(.1, .5), hand_y=-u(.7, .92))
        if kind == "walk" and rng.random() < .5:
            put(pose, "l" if lead < 0 else "r", foot_y=u(.02, .2), foot_z=u(-.35, .1))
        put(pose, spine_pitch=u(0, .15))
    elif kind == "weight":
        side = rng.choice([-1, 1])
        put(pose, sway_x=side * u(.06, .14), pelvis_roll=side * u(.04, .16), spine_roll=-side * u(.04, .2))
        put(pose, "l" if side < 0 else "r", foot_x=u(.15, .35), foot_z=u(0, .25), toe_out=u(.2, .7))
        if rng.random() < .5:
            put(pose, "l" if rng.random() < .5 else "r", hand_x=u(.05, .15), hand_y=-u(.56, .68), hand_z=u(.0, .15), swivel=-u(.3, .7))
    elif kind == "akimbo":
        for s in "lr":
            put(pose, s, hand_x=u(.04, .14), hand_y=-u(.55, .66), hand_z=u(.0, .16), swivel=-u(.2, .7), turn=u(0, .5))
    elif kind == "greet":
        put(pose, rng.choice(["l", "r"]), hand_x=u(.2, .6), hand_y=u(.2, .9), hand_z=u(.0, .4), curl=u(0, .2), bend=u(-.3, .3))
    elif kind == "crouch":
        put(pose, rise=-u(.12, .5), spine_pitch=u(.1, .6), pelvis_pitch=u(0, .3), sway_z=-u(0, .15))
        for s in "lr":
            put(pose, s, foot_x=u(.13, .3), toe_out=u(.1, .6), heel=u(0, .5), hand_x=u(.1, .4), hand_y=-u(.2, .7), hand_z=u(.3, .7))
    elif kind == "reach":
        for s in ("l", "r") if rng.random() < .5 else (rng.choice(["l", "r"]),):
            put(pose, s, hand_x=u(-.1, .8), hand_y=u(-.2, .9), hand_z=u(.1, .6))
        put(pose, spine_pitch=u(-.1, .2), spine_roll=rng.normal() * .12, spine_twist=rng.normal() * .2)
    elif kind == "talk":
        for s in "lr":
            put(pose, s, hand_x=u(-.05, .45), hand_y=-u(.05, .55), hand_z=u(.35, .6), swivel=rng.normal() * .3, bend=rng.normal() * .2)
    elif kind == "stretch":
        for s in "lr":
            put(pose, s, hand_x=u(-.1, .9), hand_y=u(.4, .95), hand_z=u(-.15, .15))
        put(pose, spine_roll=rng.normal() * .2, spine_pitch=-u(0, .15))
    return jitter(rng, pose, .5)


SPREAD = dict(pelvis_pitch=.06, pelvis_roll=.05, pelvis_twist=.08, spine_pitch=.1, spine_roll=.08, spine_twist=.14, head_pitch=.14,
              head_roll=.08, head_twist=.3, hand_x=.06, hand_y=.06, hand_z=.06, swivel=.25, turn=.3, bend=.2, curl=.2,
              foot_x=.025, foot_z=.04, toe_out=.1, knee_out=.1)


def jitter(rng, pose, amount):
    pose = pose.copy()
    for name, i in INDEX.items():
        pose[i] += amount * SPREAD.get(name.removesuffix("_l").removesuffix("_r"), 0) * rng.normal()
    for s in "lr":
        pose[INDEX[f"curl_{s}"]] = np.clip(get(pose, f"curl_{s}"), 0, 1.4)
        pose[INDEX[f"foot_x_{s}"]] = max(get(pose, f"foot_x_{s}"), .04)
    return pose


def free(rng):
    """Hands and feet anywhere they can be: what no dance above does."""
    pose = neutral()
    u = rng.uniform
    for s in "lr":
        direction = rng.normal(size=3)
        direction[0] = abs(direction[0]) * 1.1 - .25
        direction[2] = direction[2] * .6 + .35
        hand = direction / np.linalg.norm(direction) * u(.45, .97)
        put(pose, s, hand_x=hand[0], hand_y=hand[1], hand_z=hand[2], swivel=rng.normal() * .4, turn=rng.normal() * .4, bend=rng.normal() * .3,
            curl=u(.05, 1.2), foot_x=u(.06, .42), foot_z=rng.normal() * .16, toe_out=u(0, .7), knee_out=u(0, .4))
    put(pose, rise=-abs(rng.normal()) * .12, sway_x=rng.normal() * .08, sway_z=rng.normal() * .04)
    if rng.random() < .3:
        put(pose, rng.choice(["l", "r"]), foot_y=u(.05, .5), foot_z=u(-.35, .5), foot_x=u(.05, .45))
    return jitter(rng, pose, 1)


def heading(rng):
    """Mostly towards the camera; some profiles and backs."""
    kind = rng.random()
    if kind < .76:
        return rng.normal() * .5
    if kind < .88:
        return rng.choice([-1, 1]) * np.pi / 2 + rng.normal() * .25
    return np.pi + rng.normal() * .45


def moment(rng):
    """A pose out of a random dance."""
    track = dance(rng, 4, fps=2, turns=0)
    return jitter(rng, track[rng.integers(len(track))], .35)


def random_pose(rng, poser, frontal=False, roam=.12, recorded=(), attempts=12):
    """A pose that does not cut into itself (or the least bad of `attempts`). `frontal`: standing, towards the camera;
    `roam`: how far people stray from their spot, in legs; `recorded`: tracks of captured motion to draw from as well."""
    best = None
    for _ in range(attempts):
        kind = rng.random()
        pose = everyday(rng) if frontal or kind < .34 else moment(rng) if kind < .76 else free(rng)
        if recorded and not frontal and rng.random() < .4:
            track = recorded[rng.integers(len(recorded))]
            pose = jitter(rng, track[rng.integers(len(track))], .2)
            pose[[INDEX["place_x"], INDEX["place_z"]]] = 0
        pose[INDEX["heading"]] = rng.normal() * .22 if frontal else heading(rng)
        pose[INDEX["place_x"]] = pose[INDEX["place_x"]] * roam / .12 + rng.normal() * roam
        pose[INDEX["place_z"]] += rng.normal() * roam
        pose[INDEX["head_pitch"]] += .07
        depth = poser.collision(poser.matrices(pose))
        if best is None or depth < best[0]:
            best = depth, pose
        if depth <= .12:
            break
    return best[1]
