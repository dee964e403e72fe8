"""The engine's noise (src/scd/noise.ts): Philox4x32-10 on (block, frame, stream) under the seed, then Box-Muller."""

import numpy as np

WORD = np.uint64(0xFFFFFFFF)


def philox(counter, key):
    c = [np.asarray(word, np.uint64) for word in counter]
    k0, k1 = (np.uint64(word) for word in key)
    for _ in range(10):
        first, second = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(second >> np.uint64(32)) ^ c[1] ^ k0, second & WORD, (first >> np.uint64(32)) ^ c[3] ^ k1, first & WORD]
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & WORD, (k1 + np.uint64(0xBB67AE85)) & WORD
    return c


def gaussian(count, seed, stream=0, frame=0):
    blocks = np.arange(-(-count // 4), dtype=np.uint64)
    same = np.zeros_like(blocks)
    words = philox((blocks, same + np.uint64(frame), same + np.uint64(stream), same), (seed & 0xFFFFFFFF, seed >> 32))
    units = [(word.astype(np.float64) + 0.5) / 2**32 for word in words]
    rows = []
    for at in (0, 2):
        radius, angle = np.sqrt(-2 * np.log(units[at])), 2 * np.pi * units[at + 1]
        rows += [radius * np.cos(angle), radius * np.sin(angle)]
    return np.stack(rows, 1).reshape(-1)[:count].astype(np.float32)
