"""The layers' whole training as one queue, taken up where it stopped by any number of calls of any length:

python3 -m layers.recipe --config configs/layers-cpu.json --assets ASSETS --work runs/layers --minutes 60
Renders people with true correspondence, trains the mover, renders mattes, trains matte and plate, evaluates. What is done is
known by the files in --work: shards, checkpoints, logs. `scd.export --layers` then puts the networks beside the model's.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from scd.recipe import stop


class Recipe:
    def __init__(self, arguments):
        self.arguments, self.work = arguments, Path(arguments.work)
        self.config = json.loads(Path(arguments.config).read_text())
        self.plan = self.config["recipe"]
        self.deadline = time.time() + arguments.minutes * 60

    def start(self, module, *arguments, rank=0, of=1):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "RANK": str(rank), "WORLD_SIZE": str(of), "MASTER_ADDR": "127.0.0.1",
                       "MASTER_PORT": str(self.arguments.port)}
        return subprocess.Popen([sys.executable, "-m", module, *map(str, arguments)], env=environment, start_new_session=True)

    def run(self, *processes):
        """Waits for them until the call's time is up. True when all came to their end."""
        ended = []
        for process in processes:
            try:
                ended.append(process.wait(max(1, self.deadline - time.time())) == 0)
            except subprocess.TimeoutExpired:
                stop(process)
                ended.append(False)
        return all(ended)

    def shards(self, name, module, people, per_shard, *arguments):
        """Renders what is missing of a set of people."""
        if len(list((self.work / name).glob("shard-????"))) * per_shard >= people:
            return True
        shared = "--assets", self.arguments.assets, "--cache", self.work / "assets.npz", "--per-shard", per_shard, "--people", people
        return self.run(self.start(module, *shared, "--out", self.work / name, *arguments))

    def trained(self, name, module, data, held_out, *arguments):
        """Trains one network to its last step, in as many processes as there are cores."""
        log, steps = self.work / name / "log.jsonl", self.config[f"{name}_training"]["steps"]
        if log.exists() and json.loads(log.read_text().splitlines()[-1])["step"] >= steps:
            return True
        left = (self.deadline - time.time()) / 60 - self.plan["spare_minutes"]
        if left <= 0:
            return False
        count = self.arguments.processes
        told = "--config", self.arguments.config, "--data", self.work / data, "--held-out", self.work / held_out, "--out", self.work / name, "--minutes", left
        self.run(*(self.start(module, *told, *arguments, rank=rank, of=count) for rank in range(count)))
        return log.exists() and json.loads(log.read_text().splitlines()[-1])["step"] >= steps

    def evaluated(self):
        told = "--config", self.arguments.config, "--layers", self.work, "--held-out", self.work / "held-out"
        return self.run(self.start("layers.evaluate", *told, "--sheet", self.work / "sheet.png"))

    def go(self):
        motion = ["--motion", *self.arguments.motion] if self.arguments.motion else []
        large = "--height", 512, "--width", 512, "--poses", 3, "--soft"
        still = "layers.train_still"
        stages = [
            lambda: self.shards("held-out", "layers.render", self.plan["held_out"], 20, "--held-out"),
            lambda: self.shards("people", "layers.render", self.plan["people"], 20, *motion),
            lambda: self.trained("mover", "layers.train_mover", "people", "held-out"),
            lambda: self.shards("matte-held-out", "people.shards", 20, 20, "--first-seed", 180_000, *large),
            lambda: self.shards("matte-people", "people.shards", self.plan["matte_people"], 20, "--first-seed", 100_000, *large),
            lambda: self.trained("matte", still, "matte-people", "matte-held-out", "--network", "matte"),
            lambda: self.trained("plate", still, "people", "held-out", "--network", "plate"),
            self.evaluated,
        ]
        done = 0
        for stage in stages:
            if time.time() >= self.deadline or not stage():
                break
            done += 1
        print(f"{done} of {len(stages)} stages are done", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--assets", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--motion", nargs="*", default=[], help="BVH files to take some of the poses from")
    parser.add_argument("--port", type=int, default=29520)
    Recipe(parser.parse_args()).go()


if __name__ == "__main__":
    main()
