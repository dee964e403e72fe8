"""A beat to dance to: kick, clap, hats and a bass line, synthesised; stereo float32 at 44.1 kHz."""
import numpy as np

RATE = 44100
# Sixteenths of a bar: x plays.
PATTERNS = {
    "disco": dict(kick="x...x...x...x...", clap="....x.......x...", hat="..x...x...x...x.", bass=[0, 0, 12, 0, 0, 12, 0, 12, 3, 3, 15, 3, 5, 17, 5, 7]),
    "hip hop": dict(kick="x..x......x.x...", clap="....x.......x...", hat="x.x.x.xxx.x.x.x.", bass=[0, None, None, 0, None, None, -2, None, None, None, 3, None, 0, None, None, None]),
    "salsa": dict(kick="x.....x.x.....x.", clap="x..x..x...x.x...", hat="x.x.x.x.x.x.x.x.", bass=[0, None, None, 7, None, None, 12, None, None, None, None, 7, None, None, 5, None]),
    "robot": dict(kick="x...x...x...x...", clap="....x.......x..x", hat="xxx.xxx.xxx.xxx.", bass=[0, 0, None, 0, 3, None, 0, None, -5, -5, None, -5, -2, None, -2, None]),
}


def tone(frequency, seconds, decay, harmonics=(1,)):
    t = np.arange(int(seconds * RATE)) / RATE
    wave = sum(h * np.sin(2 * np.pi * frequency * (k + 1) * t) for k, h in enumerate(harmonics))
    return wave * np.exp(-t * decay) * np.minimum(t * 400, 1)


def kick():
    t = np.arange(int(.28 * RATE)) / RATE
    return np.sin(2 * np.pi * (48 * t + 9 * (1 - np.exp(-t * 26)))) * np.exp(-t * 11)


def noise(rng, seconds, decay, smooth):
    n = rng.normal(size=int(seconds * RATE))
    n = n - np.convolve(n, np.ones(smooth) / smooth, "same")  # only what is bright remains
    return n * np.exp(-np.arange(len(n)) / RATE * decay)


def beat(style, bpm, seconds, rng):
    pattern, step = PATTERNS[style], 15 / bpm
    left = np.zeros(int((seconds + 1) * RATE))
    right = left.copy()

    def play(sound, index, gain, pan=0.):
        at = int(index * step * RATE)
        if at < len(left) - len(sound):
            left[at:at + len(sound)] += sound * gain * (1 - max(pan, 0))
            right[at:at + len(sound)] += sound * gain * (1 + min(pan, 0))

    drum, clap, hat = kick(), noise(rng, .16, 26, 9), noise(rng, .06, 80, 4)
    chord = [0, 3, 7, 10]
    for i in range(int(seconds / step)):
        k = i % 16
        if pattern["kick"][k] == "x":
            play(drum, i, .85)
        if pattern["clap"][k] == "x":
            play(clap, i, .22, .1)
        if pattern["hat"][k] == "x":
            play(hat, i, .1 if i % 4 else .15, -.3)
        if pattern["bass"][k] is not None:
            play(tone(55 * 2 ** (pattern["bass"][k] / 12), step * 1.7, 5, (1, .4, .2)), i, .3)
        if k % 8 == 6:
            shift = [0, 0, 3, 5][i // 16 % 4]
            for j, note in enumerate(chord):
                play(tone(220 * 2 ** ((note + shift) / 12), .5, 7, (1, .3, .12, .05)), i, .07, (j - 1.5) * .3)
    mix = np.stack([left, right], 1)[:int(seconds * RATE)]
    fade = np.minimum(1, np.arange(len(mix))[::-1] / (.25 * RATE))[:, None]
    return (np.tanh(mix * 1.1) * fade * .8).astype(np.float32)
