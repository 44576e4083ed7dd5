"""What a search for a policy found: the front, the choice with its margins, and unseen days against other policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tonnage.reports.text import Column, Style, table
from tonnage.scaling.tune import Candidate, DayScore, Trial, Tuning
from tonnage.units import number, percent


def tuning_text(tuning: Tuning, others: Mapping[str, Sequence[DayScore]], style: Style) -> str:
    """The result for a terminal.

    Args:
        others: scores of other policies on the test days, by name.
    """
    return "\n".join(_lines(tuning, others, style)) + "\n"


def _lines(tuning: Tuning, others: Mapping[str, Sequence[DayScore]], style: Style) -> Iterator[str]:
    chosen = tuning.chosen
    if chosen is None:
        yield f"INFEASIBLE  none of {tuning.tried} candidates kept every objective"
        yield "            Allow more replicas, start them sooner, or relax an objective."
    else:
        yield f"CHOSEN  of {tuning.tried} candidates: {_named(chosen.candidate)}"
        yield f"        mean cost of a training day {_amount(chosen.cost)}, least margin {_share(chosen.margin)}"
    yield ""
    yield "Front: cost against violations, the cheapest first"
    head = (
        Column("candidate"),
        Column("cost", right=True),
        Column("violation", right=True),
        Column("days", right=True),
    )
    yield from table(head, [_row(one) for one in tuning.front[:12]], style)
    yield ""
    yield "Days that it was not tuned on"
    head = (Column("policy"), Column("cost", right=True), Column("against", right=True), Column("held", right=True))
    yield from table((*head, Column("worst", right=True)), list(_unseen(tuning, others)), style)


def _row(one: Trial) -> tuple[str, ...]:
    seen = f"{len(one.scores)}" if one.complete else f"{len(one.scores)}, left"
    return _named(one.candidate), _amount(one.cost), _amount(one.violations), seen


def _unseen(tuning: Tuning, others: Mapping[str, Sequence[DayScore]]) -> Iterator[tuple[str, ...]]:
    tuned = _mean_cost(tuning.tested)
    if tuning.tested:
        yield ("tuned", *_fared(tuning.tested, None))
    for name, scores in others.items():
        yield (name, *_fared(scores, tuned))


def _fared(scores: Sequence[DayScore], tuned: float | None) -> tuple[str, str, str, str]:
    cost = _mean_cost(scores)
    against = "" if not tuned else percent(cost / tuned - 1, signed=True, plain=True)
    held = f"{sum(score.held for score in scores)} of {len(scores)}"
    return _amount(cost), against, held, _share(min((score.margin for score in scores), default=0.0))


def _mean_cost(scores: Sequence[DayScore]) -> float:
    return sum(score.cost for score in scores) / len(scores) if scores else 0.0


def _named(candidate: Candidate) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in candidate.items())


def _amount(value: float) -> str:
    return number(value, plain=True)


def _share(value: float) -> str:
    return percent(value, signed=True, plain=True)


def tuning_document(tuning: Tuning, others: Mapping[str, Sequence[DayScore]]) -> dict[str, Any]:
    """The result as JSON data."""
    chosen = tuning.chosen
    return {
        "schema_version": 1,
        "tried": tuning.tried,
        "chosen": None if chosen is None else {"candidate": dict(chosen.candidate), **_trial(chosen)},
        "front": [{"candidate": dict(one.candidate), **_trial(one)} for one in tuning.front],
        "tested": {"tuned": _scores(tuning.tested), **{name: _scores(scores) for name, scores in others.items()}},
    }


def _trial(one: Trial) -> dict[str, Any]:
    return {"cost": one.cost, "violations": one.violations, "margin": one.margin, "complete": one.complete}


def _scores(scores: Sequence[DayScore]) -> list[dict[str, float]]:
    return [{"cost": one.cost, "violation": one.violation, "margin": one.margin} for one in scores]
