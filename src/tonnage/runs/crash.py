"""What is written down when the tool itself fails: enough to find the defect, and nothing that is secret."""

from __future__ import annotations

from dataclasses import dataclass

from tonnage.load.plan import Plan
from tonnage.runs.environment import Environment
from tonnage.runs.redaction import Redaction


@dataclass(frozen=True, slots=True)
class CrashReport:
    """The report about one run, as it may be sent to somebody else."""

    run_id: str
    text: str

    @classmethod
    def of(cls, run_id: str, plan: Plan, environment: Environment, fault: str) -> CrashReport:
        """The report; whatever the plan knows as a secret is taken out of it.

        Args:
            fault: what happened, with its traceback.
        """
        scenarios = ", ".join(f"{scenario.name} ({scenario.executor.kind})" for scenario in plan.scenarios)
        lines = [
            "Tonnage ended because of a defect of its own.",
            "Please report it with this file; look through it first, although secrets that are known were taken out.",
            "",
            f"run       {run_id}",
            f"tonnage   {environment.tonnage}",
            f"python    {environment.python}",
            f"system    {environment.system}, {environment.machine}, {environment.cpus} CPUs",
            f"command   {' '.join(environment.command)}",
            f"scenarios {scenarios}",
            "",
            fault,
        ]
        return cls(run_id, Redaction.of(plan)("\n".join(lines)).rstrip() + "\n")
