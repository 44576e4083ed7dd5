"""`python -m tests.conformance FILE…`: prints the failing cases, then `N passed, M failed`.

`python -m tests.conformance --mutations` prints, for each deliberate error, the case that catches it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conformance.mutations import MUTATIONS, first_caught
from tests.conformance.runner import FOLDER, cases, files, run


def main(arguments: list[str]) -> int:
    if not arguments:
        print("usage: python -m tests.conformance FILE… | --mutations", file=sys.stderr)
        return 2
    if arguments == ["--mutations"]:
        return check_mutations()
    absent = [name for name in arguments if not Path(name).is_file()]
    if absent:
        print(f"no such file: {', '.join(absent)}", file=sys.stderr)
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


def check_mutations() -> int:
    if not files("hpa/hpa_*.json"):
        print(f"no conformance cases in {FOLDER}: TONNAGE_SHARED names the folder above it", file=sys.stderr)
        return 2
    missed = 0
    for mutation in MUTATIONS:
        case = first_caught(mutation)
        missed += case is None
        print(f"{mutation.name}: {case or 'NOT CAUGHT'}")
    print(f"{len(MUTATIONS) - missed} caught, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
