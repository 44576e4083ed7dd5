"""`make demo`: start the demo service, load it with quickstart.py, stop the service, and say what is next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tonnage.demo import DemoConfig, DemoServer

HERE = Path(__file__).parent
TONNAGE = Path(sys.executable).with_name("tonnage")


def main() -> int:
    service = DemoConfig(workers=8, service_time=0.020, distribution="exponential")
    with DemoServer(service) as server:
        command = [str(TONNAGE), "run", str((HERE / "quickstart.py").relative_to(Path.cwd())), "--base-url", server.url]
        print(f"demo service at {server.url}: 8 workers, service time 20 ms, exponential")
        print(f"$ tonnage {' '.join(command[1:])}\n", flush=True)
        code = subprocess.run(command, check=False).returncode
    print(f"""
Exit code {code}. The run is stored. Next:
  .venv/bin/tonnage report last          this summary again, from the store
  .venv/bin/tonnage report last --json   everything as one JSON document
  .venv/bin/tonnage runs                 all stored runs
  .venv/bin/tonnage run http://127.0.0.1:8080/ --rate 100 -d 10s    a service of your own
  .venv/bin/tonnage new                  write a first script""")
    return code


if __name__ == "__main__":
    sys.exit(main())
