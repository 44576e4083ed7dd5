"""How late a process wakes up that does nothing else: sleeps to instants 1 ms apart; prints p99, greatest [ms]."""

import sys
import time

late = []
due = time.monotonic()
for _ in range(int(float(sys.argv[1]) * 1000)):
    due += 0.001
    time.sleep(max(0.0, due - time.monotonic()))
    late.append(time.monotonic() - due)
late.sort()
print(1000 * late[int(0.99 * len(late))], 1000 * late[-1])
