"""A training that can be stopped and started again: its parts in one checkpoint, its figures in log.jsonl."""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from . import processes
from .schedule import Pace, learning_rate

SAVED_EVERY = 100  # steps


def command_line(description):
    """What every training is told; each adds what it reads."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop this call after so long")
    parser.add_argument("--planned-minutes", type=float, help="of all calls: sets the steps by the speed found")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser


def begin(arguments):
    """The config and the device, with this process among its fellows."""
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    processes.start()
    return json.loads(Path(arguments.config).read_text()), device


class Run:
    """Whoever inherits gives `advance`, one step on a batch, whose figures it returns, and `write`, which writes the weights."""

    def watch(self):
        """Figures of the weights as they stand, for the log."""
        return {}

    def __init__(self, settings, out, device):
        self.settings, self.out, self.device = settings, Path(out), device
        self.step, self.total, self.seconds = 0, settings["steps"], 0.0
        self.parts = {}
        self.out.mkdir(parents=True, exist_ok=True)

    def keep(self, **parts):
        """Names what a checkpoint holds, and takes it from the last one where there is one."""
        self.parts = parts
        if (self.out / "checkpoint.pt").exists():
            saved = torch.load(self.out / "checkpoint.pt", map_location=self.device)
            for name, part in parts.items():
                part.load_state_dict(saved[name])
            self.step, self.seconds, self.total = saved["step"], saved["seconds"], saved["total"]

    def save(self):
        state = {name: part.state_dict() for name, part in self.parts.items()}
        progress = {"step": self.step, "seconds": self.seconds, "total": self.total}
        torch.save({**state, **progress}, self.out / "checkpoint.part")
        (self.out / "checkpoint.part").replace(self.out / "checkpoint.pt")
        self.write()

    def set_learning_rate(self, optimizer):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.settings, self.total)

    def share_kept(self):
        """Of an average of the weights, at the end of this step; early on it forgets how training began."""
        return min(self.settings["average"], self.step / (self.step + 10))

    def run(self, batches, minutes, planned_minutes):
        started = self.clock = time.time()
        pace, entries, threads = Pace(planned_minutes), [], self.settings["batch_threads"]
        every = self.settings["evaluate_every"]
        with ThreadPoolExecutor(threads) as pool:
            ahead = [pool.submit(batches.make, self.step + i, processes.RANK) for i in range(threads + 1)]
            while self.step < self.total and not processes.any_says(time.time() > started + minutes * 60):
                batch = ahead.pop(0).result()
                ahead.append(pool.submit(batches.make, self.step + threads + 1, processes.RANK))
                entries.append(self.advance(batch))
                self.total = pace.total(self.step, self.total)
                if self.step % every == 0:
                    batches.refresh()
                if processes.RANK == 0 and self.step % every == 0:
                    self.report(entries)
                    entries = []
                if processes.RANK == 0 and self.step % SAVED_EVERY == 0:
                    self.save()
            if processes.RANK == 0 and entries:
                self.report(entries)
            for future in ahead:
                future.cancel()
        if processes.RANK == 0:
            self.save()

    def report(self, entries):
        now = time.time()
        self.seconds, self.clock = self.seconds + now - self.clock, now
        rate = round(learning_rate(self.step, self.settings, self.total), 6)
        named = {name: [entry[name] for entry in entries if name in entry] for name in entries[-1]}
        means = {name: round(float(np.mean(values)), 4) for name, values in named.items()}
        line = json.dumps({"step": self.step, "seconds": round(self.seconds), "rate": rate, **means, **self.watch()})
        print(line, flush=True)
        with open(self.out / "log.jsonl", "a") as log:
            log.write(line + "\n")
