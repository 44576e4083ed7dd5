"""How late a process wakes up that sleeps to instants 1 ms apart, and works for a share of each: p99, greatest [ms]."""

import sys
import time

seconds, busy = float(sys.argv[1]), float(sys.argv[2])
late = []
due = time.monotonic()
for _ in range(int(seconds * 1000)):
    due += 0.001
    time.sleep(max(0.0, due - time.monotonic()))
    woken = time.monotonic()
    late.append(woken - due)
    while time.monotonic() - woken < busy * 0.001:
        pass
late.sort()
print(1000 * late[int(0.99 * len(late))], 1000 * late[-1])
