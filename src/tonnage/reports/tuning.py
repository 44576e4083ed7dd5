"""What a search for a policy found: the choice with its margins, the front, and days that it had not seen.

One set of tables makes the text of the terminal and the Markdown. A mean over days comes with the range of the days: a
number of one day alone says little about the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tonnage.load.plan import Threshold
from tonnage.metrics import catalog
from tonnage.reports.text import Column, Style, table, wrapped
from tonnage.scaling.comparison import Comparison, Fared
from tonnage.scaling.tune import Candidate, DayScore, Trial
from tonnage.units import number, percent, seconds

Render = Callable[[float], str]

SHOWN: Final = 12  # candidates of the front
LABELS: Final = {
    "min_workers": "min",
    "min_replicas": "min",
    "scale_up_threshold": "up",
    "scale_down_threshold": "down",
    "scale_down_delay": "delay",
    "target_share": "target ×",
    "scale_up_window": "up win.",
    "scale_up_pods": "up pods",
    "scale_down_window": "down win.",
    "scale_down_pods": "down pods",
    "scale_up_tolerance": "up tol.",
    "scale_down_tolerance": "down tol.",
    "sessions_per_worker": "sessions",
    "idle_nodes": "idle nodes",
    "floor_share": "floors ×",
}
"""Parameters as heads of columns: times in seconds, thresholds and buffers in thousandths."""


@dataclass(frozen=True)
class _Table:
    """A title, heads, and rows of cells; all columns but the first are numbers."""

    title: str
    heads: tuple[str, ...]
    rows: list[tuple[str, ...]]


def tuning_text(found: Comparison, style: Style) -> str:
    """The result for a terminal, ending with a line break."""
    lines: list[str] = []
    for line in _claims(found):
        lines += wrapped(style.clean(line).split(" "), style.width, "", "    ")
    for each in _tables(found):
        columns = [Column(head, right=i > 0) for i, head in enumerate(each.heads)]
        lines += ["", each.title, *table(columns, each.rows, style)]
    return "\n".join(lines) + "\n"


def tuning_markdown(found: Comparison) -> str:
    """The result as Markdown."""
    first, *rest = _claims(found)
    lines = [f"**{first}**\n", *(f"{line}\n" for line in rest)]
    for each in _tables(found):
        lines += [f"\n### {each.title}\n", f"| {' | '.join(each.heads)} |", f"|---{'|---:' * (len(each.heads) - 1)}|"]
        lines += [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in each.rows]
    return "\n".join(lines).rstrip() + "\n"


def _claims(found: Comparison) -> Iterator[str]:
    """What was chosen, in sentences, and whether it is better than what is in use."""
    tuning = found.tuning
    chosen = tuning.chosen
    if chosen is None:
        yield f"INFEASIBLE none of {tuning.tried} candidates kept every objective on stress days and 95 % of others"
        yield "Allow more replicas (--most), start them sooner (--supply), relax an objective, or --stress them less."
        return
    yield f"CHOSEN of {tuning.tried} candidates: {_named(chosen.candidate)}"
    yield f"Objectives: {', '.join(map(_objective, found.objectives))}"
    yield (
        f"They held on {_held(chosen.scores)} stress and training days, by {_share(chosen.margin)} of their "
        f"limits at least. On {len(tuning.tested)} days that it was not tuned on: held on {_held(tuning.tested)}."
    )
    ours = _cost(tuning.tested)
    for name, fared in found.others.items():
        theirs = _cost(fared.tested)
        share = theirs / ours - 1 if ours else 0.0
        against = f"{percent(abs(share), plain=True)} {'dearer' if share > 0 else 'cheaper'}"
        stress = f" and on {_held(fared.stressed)} stress days" if fared.stressed else ""
        yield f"Beside it {name}: {against}, held on {_held(fared.tested)} of these days{stress}."


def _tables(found: Comparison) -> Iterator[_Table]:
    tuning, days = found.tuning, found.days
    objectives = tuple(each.name for each in found.objectives)
    rows = [("tuned", *_fared(tuning.tested, found.objectives))] if tuning.tested else []
    rows += [(name, *_fared(fared.tested, found.objectives)) for name, fared in found.others.items()]
    yield _Table(
        f"Days that it was not tuned on ({len(days.test)}): means; cost with its range, objectives with the worst day",
        ("policy", "cost", "held", *objectives),
        rows,
    )
    if days.stress:
        names = tuple(day.name for day in days.stress)
        rows = [("tuned", *map(_outcome, tuning.chosen.scores[: len(names)]))] if tuning.chosen else []
        rows += [(name, *map(_outcome, fared.stressed)) for name, fared in found.others.items()]
        yield _Table("Stress days, with the margin of the worst objective", ("policy", *names), rows)
    names = tuple(tuning.front[0].candidate) if tuning.front else ()
    yield _Table(
        "Front: cost against violations on stress and training days, the cheapest first",
        ("cost", "violation", "margin", *(LABELS.get(name, name) for name in names)),
        [_front_row(one) for one in tuning.front[-SHOWN:]],
    )


def _front_row(one: Trial) -> tuple[str, ...]:
    parameters = (f"{value:g}" for value in one.candidate.values())
    return _amount(one.cost), _share(one.violations), _share(one.margin), *parameters


def _fared(scores: Sequence[DayScore], objectives: Sequence[Threshold]) -> tuple[str, ...]:
    cells = [_ranged([score.cost for score in scores], _amount), _held(scores)]
    for i, objective in enumerate(objectives):
        known = [value for score in scores if (value := score.values[i]) is not None]
        cells.append(_to_worst(known, objective) if known else "–")
    return tuple(cells)


def _to_worst(values: Sequence[float], objective: Threshold) -> str:
    """The mean, and the value of the worst day."""
    render = _renderer(objective)
    mean, worst = sum(values) / len(values), (min if ">" in objective.expression else max)(values)
    return render(mean) if render(mean) == render(worst) else f"{render(mean)} (to {render(worst)})"


def _outcome(score: DayScore) -> str:
    return f"{'held' if score.held else 'missed'} {_share(score.margin)}"


def _held(scores: Sequence[DayScore]) -> str:
    return f"{sum(score.held for score in scores)} of {len(scores)}"


def _cost(scores: Sequence[DayScore]) -> float:
    return sum(score.cost for score in scores) / len(scores) if scores else 0.0


def _ranged(values: Sequence[float], render: Render) -> str:
    mean = render(sum(values) / len(values))
    low, high = render(min(values)), render(max(values))
    return mean if low == high else f"{mean} ({low} to {high})"


def _objective(limit: Threshold) -> str:
    return f"{limit.name} {limit.expression}"


def _renderer(limit: Threshold) -> Render:
    """How the values of an objective are written."""
    metric = catalog.BUILT_IN.get(limit.metric)
    if metric is not None and metric.kind == "rate":
        return lambda value: percent(value, plain=True)
    if metric is not None and metric.contains == "time":
        return lambda value: seconds(value / 1000, plain=True)
    return _amount


def _named(candidate: Candidate) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in candidate.items())


def _amount(value: float) -> str:
    return number(value, plain=True)


def _share(value: float) -> str:
    return percent(value, signed=True, plain=True)


def tuning_document(found: Comparison) -> dict[str, Any]:
    """The result as JSON data."""
    tuning = found.tuning
    chosen = tuning.chosen
    tuned = Fared(tuning.tested, chosen.scores[: len(found.days.stress)]) if chosen else None
    everyone = {**({"tuned": tuned} if tuned else {}), **found.others}
    return {
        "schema_version": 2,
        "tried": tuning.tried,
        "objectives": [_objective(each) for each in found.objectives],
        "chosen": None if chosen is None else {"candidate": dict(chosen.candidate), **_trial(chosen)},
        "front": [{"candidate": dict(one.candidate), **_trial(one)} for one in tuning.front],
        "tested": {name: _scores(fared.tested) for name, fared in everyone.items()},
        "stressed": {
            name: dict(zip((day.name for day in found.days.stress), _scores(fared.stressed), strict=True))
            for name, fared in everyone.items()
        },
    }


def _trial(one: Trial) -> dict[str, Any]:
    return {"cost": one.cost, "violations": one.violations, "margin": one.margin, "feasible": one.feasible}


def _scores(scores: Sequence[DayScore]) -> list[dict[str, Any]]:
    return [
        {"cost": one.cost, "violation": one.violation, "margin": one.margin, "values": list(one.values)}
        for one in scores
    ]
