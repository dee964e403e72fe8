"""Writes fixtures/judges/frechet.json: Fréchet distances by SciPy, of features that a hash of their place makes.

python3 tools/frechet-fixture.py
`exact` sums the singular values of the centred features' product, which is what the trace of the matrix square root comes
to; `root` is the usual way, scipy.linalg.sqrtm of the product of the covariances, where that is not too slow.
"""

import json
from pathlib import Path

import numpy as np
from scipy import linalg

OUT = Path(__file__).resolve().parent.parent / "fixtures" / "judges" / "frechet.json"
# Size of a vector, how many there are in each set, how many of its numbers are copies of others, sqrtm too.
CASES = [
    (24, 10, 12, 0, True),
    (24, 100, 80, 0, True),
    (24, 100, 80, 6, True),
    (24, 16, 90, 0, True),
    (256, 400, 300, 0, True),
    (2048, 64, 48, 0, False),
    (2048, 2300, 2200, 0, True),
]


def features(seed, count, size, copies):
    place = np.arange(count * size, dtype=np.uint32) + np.uint32(seed * 0x9E3779B9 % 2**32)
    for shift, factor in ((16, 0x21F0AAAD), (15, 0x735A2D97), (15, 1)):
        place = (place ^ (place >> np.uint32(shift))) * np.uint32(factor)
    even = (place / 2**32).reshape(count, size)
    mixed = (even + 0.5 * np.roll(even, -1, 1)) / (1 + 0.01 * np.arange(size))
    if copies:
        mixed[:, -copies:] = mixed[:, :copies]
    return mixed * (1 + 0.1 * seed) + 0.02 * seed


def distances(one, other, root):
    means = ((one.mean(0) - other.mean(0)) ** 2).sum()
    factors = [(x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (one, other)]
    spread = sum((f**2).sum() for f in factors)
    values = {"exact": means + spread - 2 * linalg.svdvals(factors[0] @ factors[1].T).sum()}
    if root:
        covariances = [np.cov(x, rowvar=False) for x in (one, other)]
        values["root"] = means + spread - 2 * np.trace(linalg.sqrtm(covariances[0] @ covariances[1])).real
    return values


def main():
    cases = []
    for size, first, second, copies, root in CASES:
        case = {"size": size, "counts": [first, second], "copies": copies}
        case |= distances(features(1, first, size, copies), features(2, second, size, copies), root)
        print(case)
        cases.append(case)
    OUT.write_text(json.dumps(cases, indent=1) + "\n")


main()
