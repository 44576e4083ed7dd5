"""The session pool in plain Python, as short as it can be: what the native core is held against."""

import random


class PlainPool:
    """Workers as [ready_at, sessions' ends]; regular arrivals of a constant rate, fixed lengths, least or pack."""

    def __init__(self, rate, until, length, per_worker, routing, grace):
        self.arrivals = [n / rate for n in range(1, int(rate * until) + 1)]
        self.length, self.per_worker, self.routing, self.grace = length, per_worker, routing, grace
        self.workers, self.now = {}, 0.0
        self.counts = dict.fromkeys(("arrived", "started", "rejected", "lost", "finished", "cut"), 0)

    def add_worker(self, running_at, ready_at):
        self.workers[len(self.workers)] = {"ready": ready_at, "ends": [], "drained": None}

    def drain_worker(self, number):
        self.workers[number]["drained"] = self.now

    def advance(self, until):
        while self.arrivals and self.arrivals[0] <= until:
            self.settle(self.arrivals[0])
            self.call(self.arrivals.pop(0))
        self.settle(until)

    def settle(self, now):
        for worker in self.workers.values():
            limit = now if worker["drained"] is None else min(now, worker["drained"] + self.grace)
            self.counts["finished"] += sum(end <= limit for end in worker["ends"])
            worker["ends"] = [end for end in worker["ends"] if end > limit]
            if worker["drained"] is not None and worker["drained"] + self.grace <= now:
                self.counts["cut"] += len(worker["ends"])
                worker["ends"] = []
        self.now = now

    def call(self, now):
        self.counts["arrived"] += 1
        free = [
            (len(worker["ends"]), number)
            for number, worker in self.workers.items()
            if worker["ready"] <= now and worker["drained"] is None and len(worker["ends"]) < self.per_worker
        ]
        if not free:
            self.counts["rejected"] += 1
            self.counts["lost"] += 1
            return
        sign = 1 if self.routing == "least" else -1
        _, number = min(free, key=lambda each: (sign * each[0], each[1]))
        self.workers[number]["ends"].append(now + self.length)
        self.counts["started"] += 1

    def sessions(self):
        return {number: len(worker["ends"]) for number, worker in self.workers.items() if worker["ends"]}


def loss_by_simpy(rate, mean, slots, until, seed):
    """The share of callers who find every slot taken, by simpy."""
    import simpy

    draw, environment = random.Random(seed), simpy.Environment()
    pool = simpy.Resource(environment, slots)
    counts = {"arrived": 0, "lost": 0}

    def session():
        with pool.request() as slot:
            yield slot
            yield environment.timeout(draw.expovariate(1 / mean))

    def callers():
        while True:
            yield environment.timeout(draw.expovariate(rate))
            counts["arrived"] += 1
            if pool.count == slots:
                counts["lost"] += 1
            else:
                environment.process(session())

    environment.process(callers())
    environment.run(until)
    return counts["lost"] / counts["arrived"]
