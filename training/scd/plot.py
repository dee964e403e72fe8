"""Draws training logs.

python3 -m scd.plot runs/scd/log.jsonl --out runs/scd/log.png
"""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def series(entries, name):
    """Steps and values of one measure; of a pair, the second: inside the person."""
    points = [(entry["step"], entry[name]) for entry in entries if name in entry]
    return [step for step, _ in points], [value[1] if isinstance(value, list) else value for _, value in points]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    figure, axes = pyplot.subplots(1, len(arguments.logs), figsize=(6 * len(arguments.logs), 4), squeeze=False)
    for axis, log in zip(axes[0], arguments.logs):
        entries = [json.loads(line) for line in Path(log).read_text().splitlines()]
        for name in entries[-1]:
            if name not in ("step", "seconds", "rate"):
                axis.plot(*series(entries, name), label=name)
        axis.set_title(Path(log).parent.name)
        axis.set_xlabel("step")
        axis.legend()
    figure.tight_layout()
    figure.savefig(arguments.out, dpi=110)


if __name__ == "__main__":
    main()
