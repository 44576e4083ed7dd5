"""`python -m tests.conformance FILE…`: prints the failing cases, then `N passed, M failed`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conformance.runner import cases, run


def main(arguments: list[str]) -> int:
    if not arguments:
        print("usage: python -m tests.conformance FILE…", file=sys.stderr)
        return 2
    passed, failed = 0, 0
    for path in map(Path, arguments):
        for suite, case in cases(path):
            difference = run(suite, case)
            if difference is None:
                passed += 1
                continue
            failed += 1
            print(f"FAILED {path.name}: {difference.case}")
            print(f"  expected {difference.expected}")
            print(f"  got      {difference.got}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
