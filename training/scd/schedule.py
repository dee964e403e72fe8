"""The learning rate over a run, and how many steps a run can take in the time it has."""

import time

from . import processes

TIMED_STEPS = 20, 60  # the first ones compile and fill caches


def learning_rate(step, settings, total):
    """A short rise, a plain, and a straight fall over the last part."""
    warm = min(1, (step + 1) / settings["warmup_steps"])
    fall = min(1, max(0.02, (1 - step / total) / settings["decay_part"]))
    return settings["learning_rate"] * warm * fall


class Pace:
    """Finds a run's speed in its first steps, so that the fall of its learning rate ends when its time does."""

    def __init__(self, planned_minutes):
        self.planned_minutes = planned_minutes
        self.started = time.time()
        self.warm = 0.0

    def total(self, step, total):
        """The number of steps in all, as known after `step` of them."""
        if self.planned_minutes and step in TIMED_STEPS:
            spent = time.time() - self.started
            if step == TIMED_STEPS[1]:
                seconds_a_step = (spent - self.warm) / (TIMED_STEPS[1] - TIMED_STEPS[0])
                left = max(1, int((self.planned_minutes * 60 - spent) / seconds_a_step))
                return step + processes.smallest(left)
            self.warm = spent
        return total
