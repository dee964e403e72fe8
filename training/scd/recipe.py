"""The whole recipe with one command, in as many calls as it takes:

python3 -m scd.recipe --config configs/gpu-256.json --assets ASSETS --work runs/gpu --out OUT --minutes 9
Renders the people (all cores) while the autoencoder trains, encodes them, trains the U-Net, trains the decoder on,
polishes both together, paints people with them, trains the retoucher on those, evaluates and exports. Each call goes on where the last one stopped, as long as --work is still
there, and leaves in OUT what is worth carrying home: the export as it stands (float16), the logs, and the evaluation once there is one.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from .export import WEIGHTS as AUTOENCODER

STATE = "recipe.json"


def stop(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    process.wait()


class Recipe:
    def __init__(self, arguments):
        self.config_path = arguments.config
        self.config = json.loads(Path(arguments.config).read_text())
        self.plan = self.config["recipe"]
        self.assets, self.device = arguments.assets, arguments.device
        self.work, self.out = Path(arguments.work), Path(arguments.out)
        self.work.mkdir(parents=True, exist_ok=True)
        self.out.mkdir(parents=True, exist_ok=True)
        self.deadline = time.time() + arguments.minutes * 60
        state = self.work / STATE
        self.done = json.loads(state.read_text()) if state.exists() else []

    def minutes_left(self):
        return (self.deadline - time.time()) / 60

    def finish(self, stage):
        self.done.append(stage)
        (self.work / STATE).write_text(json.dumps(self.done))

    def start(self, module, *arguments):
        """Starts a module of training/ in a group of its own, so that its workers end with it."""
        command = [sys.executable, "-m", module, *map(str, arguments)]
        # Rendering fills the cores with processes, training with batch threads: NumPy's own threads would only be in the way.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        return subprocess.Popen(command, env=environment, start_new_session=True)

    def run(self, module, *arguments):
        """Runs a module until the call's time is up. True when it came to its end."""
        print(f"{self.minutes_left():.1f} minutes left:", module, *arguments, flush=True)
        process = self.start(module, *arguments)
        try:
            return process.wait(max(1, self.deadline - time.time())) == 0
        except subprocess.TimeoutExpired:
            stop(process)
            return False

    def on_device(self, module, *arguments):
        return self.run(module, "--config", self.config_path, "--device", self.device, *arguments)

    def shared_assets(self):
        return "--assets", self.assets, "--cache", self.work / "assets.npz"

    def held_out(self):
        return self.run("people.heldout", *self.shared_assets(), "--out", self.work / "pairs", "--full", self.work / "held-out")

    def first_people(self):
        """Enough of them for the autoencoder to begin with."""
        return self.render(self.plan["first_people"])

    def renderer_arguments(self, people):
        size = self.config["size"]
        return *self.shared_assets(), "--out", self.work / "data", "--people", people, "--height", size, "--width", size

    def render(self, people):
        return self.run("people.shards", *self.renderer_arguments(people))

    def render_meanwhile(self):
        """Starts rendering everyone beside what follows. Finished shards survive the call's end."""
        return self.start("people.shards", *self.renderer_arguments(self.plan["people"]))

    def everyone(self):
        return self.render(self.plan["people"])

    def autoencoder(self):
        return self.train("scd.train_autoencoder", "autoencoder", "autoencoder_minutes", "--data", self.work / "data")

    def minutes_trained(self, name):
        log = self.work / name / "log.jsonl"
        return json.loads(log.read_text().splitlines()[-1])["seconds"] / 60 if log.exists() else 0

    def train(self, module, name, minutes, *arguments):
        """Trains for the planned minutes, over several calls if need be. True when none are left to train."""
        planned = self.plan[minutes]
        allowed = min(planned - self.minutes_trained(name), self.minutes_left() - self.plan["spare_minutes"])
        if allowed > 0:
            times = "--planned-minutes", planned, "--minutes", allowed
            self.on_device(module, *arguments, *times, "--out", self.work / name)
        return self.minutes_trained(name) >= planned - self.plan["spare_minutes"]

    def encode(self):
        encoder = "--autoencoder", self.work / "autoencoder"
        held_out = self.on_device("scd.encode", *encoder, "--data", self.work / "held-out", "--out", self.work / "held-out-latents")
        mirrored = ["--mirrored"] if self.plan["mirrored"] else []
        return held_out and self.on_device(
            "scd.encode", *encoder, *mirrored, "--data", self.work / "data", "--out", self.work / "latents"
        )

    def unet(self):
        latents = "--latents", self.work / "latents", "--held-out", self.work / "held-out-latents"
        return self.train("scd.train", "scd", "training_minutes", *latents)

    def decoder(self):
        after = "--decoder-of", self.work / "autoencoder", "--data", self.work / "data"
        return self.train("scd.train_autoencoder", "decoder", "decoder_minutes", *after)

    def polish(self):
        trained = "--autoencoder", self.work / "decoder", "--model", self.work / "scd"
        data = "--data", self.work / "data", "--latents", self.work / "latents"
        return self.train("scd.polish", "polished", "polishing_minutes", *trained, *data)

    def paint(self):
        data = "--data", self.work / "data", "--shards", self.plan["painted_shards"]
        return self.on_device("scd.paint", *self.weights(), *data, "--out", self.work / "painted")

    def retouch(self):
        data = "--data", self.work / "data", "--painted", self.work / "painted"
        return self.train("scd.train_retoucher", "retouched", "retouching_minutes", *data)

    def newest(self, weights, *stages):
        return next((self.work / stage for stage in stages if (self.work / stage / weights).exists()), None)

    def weights(self):
        """Where the newest ones are; nothing before the autoencoder has been saved once."""
        autoencoder = self.newest(AUTOENCODER, "polished", "decoder", "autoencoder")
        model = self.newest("unet.safetensors", "polished", "scd")
        if autoencoder is None:
            return []
        return ["--autoencoder", autoencoder] + (["--model", model] if model else [])

    def retoucher(self):
        found = self.newest(AUTOENCODER, "retouched")
        return ["--retoucher", found] if found else []

    def evaluate(self):
        return self.on_device("scd.evaluate", *self.weights(), *self.retoucher(), "--data", self.work / "held-out", "--out", self.out / "evaluation")

    def export(self):
        weights = self.weights()
        if weights:
            self.deadline = max(self.deadline, time.time() + 60)
            self.run("scd.export", "--config", self.config_path, *weights, *self.retoucher(), "--out", self.out / "export")
        for log in self.work.glob("*/log.jsonl"):
            shutil.copy(log, self.out / f"{log.parent.name}.jsonl")

    def go(self):
        stages = [
            self.held_out,
            self.first_people,
            self.autoencoder,
            self.everyone,
            self.encode,
            self.unet,
            self.decoder,
            self.polish,
            self.paint,
            self.retouch,
            self.evaluate,
        ]
        renderer = None
        for stage in stages:
            name = stage.__name__
            if name in self.done:
                continue
            if name == "autoencoder":
                renderer = self.render_meanwhile()
            if name == "everyone" and renderer:
                stop(renderer)
            if self.minutes_left() <= 0 or not stage():
                break
            self.finish(name)
        if renderer:
            stop(renderer)
        self.export()
        print("finished stages:", ", ".join(self.done), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--assets", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--device", default="cuda")
    Recipe(parser.parse_args()).go()


if __name__ == "__main__":
    main()
