"""Stations in plain Python, as short as they can be: what the native core is held against."""

import random
from math import inf


class PlainStations:
    """Replicas as [(end, arrival)] in service and [arrival] waiting; regular arrivals, fixed lengths, no chance."""

    def __init__(self, rate, until, length, servers, balancing, grace):
        self.arrivals = [n / rate for n in range(1, int(rate * until) + 1)]
        self.length, self.servers, self.balancing, self.grace = length, servers, balancing, grace
        self.replicas, self.line, self.now, self.last = [], [], 0.0, inf
        self.counts, self.times = dict.fromkeys(("arrived", "served", "failed"), 0), []

    def add_replica(self, running_at, ready_at):
        new = {"number": len(self.replicas), "ready": ready_at, "drained": inf, "gone": inf}
        self.replicas.append({**new, "serving": [], "queue": []})
        self.settle(self.now)

    def drain_replica(self, number):
        self.replicas[number]["drained"] = self.now
        self.replicas[number]["gone"] = self.now + self.grace

    def fail_replica(self, number):
        self.replicas[number]["drained"] = self.replicas[number]["gone"] = self.now
        self.settle(self.now)

    def advance(self, until):
        while True:
            instants = [end for each in self.replicas for end, _ in each["serving"]] + self.arrivals[:1]
            changes = [at for each in self.replicas for at in (each["ready"], each["gone"]) if at > self.now]
            now = min(instants + changes, default=inf)
            if now > until:
                break
            self.settle(now)
            if self.arrivals and self.arrivals[0] <= now:
                self.counts["arrived"] += 1
                self.come(self.arrivals.pop(0))
        self.settle(until)

    def settle(self, now):
        """Everything but arrivals that happens until then; between two calls there is one instant of it."""
        self.now = now
        for each in self.replicas:
            for end, arrived in sorted(each["serving"]):
                if end <= now:
                    each["serving"].remove((end, arrived))
                    self.counts["served"] += 1
                    self.times.append(end - arrived)
            if each["gone"] <= now:
                self.counts["failed"] += len(each["serving"]) + len(each["queue"])
                each["serving"], each["queue"] = [], []
            while each["queue"] and len(each["serving"]) < self.servers:
                each["serving"].append((now + self.length, each["queue"].pop(0)))
            while self.line and each in self.ready() and len(each["serving"]) < self.servers:
                each["serving"].append((now + self.length, self.line.pop(0)))

    def ready(self):
        return [each for each in self.replicas if each["ready"] <= self.now and each["drained"] == inf]

    def come(self, arrived):
        ready = self.ready()
        if self.line or not ready:
            self.line.append(arrived)
            return
        if self.balancing == "least":
            chosen = min(ready, key=lambda each: len(each["serving"]) + len(each["queue"]))
        else:
            chosen = next((each for each in ready if each["number"] > self.last), ready[0])
            self.last = chosen["number"]
        chosen["queue"].append(arrived)
        self.settle(arrived)

    def held(self):
        return [len(each["serving"]) + len(each["queue"]) for each in self.replicas]


def responses_by_simpy(rate, servers, draw, until, seed):
    """Response times of one station of `servers`, by simpy."""
    import simpy

    chance, environment, times = random.Random(seed), simpy.Environment(), []
    station = simpy.Resource(environment, servers)

    def request():
        arrived = environment.now
        with station.request() as server:
            yield server
            yield environment.timeout(draw(chance))
        times.append(environment.now - arrived)

    def arrivals():
        while True:
            yield environment.timeout(chance.expovariate(rate))
            environment.process(request())

    environment.process(arrivals())
    environment.run(until)
    return sorted(times)
