"""From merged options, a script's declaration or one request to the Plan.

Which load each scenario gets:

    1. `scenarios` of the environment's or a flag's layer, or of the script's own options: they replace the script's.
    2. A shape (duration, iterations, stages, rate, vus) of the environment or a flag: every scenario of the script
       takes it in place of its own executor. With several scenarios each one takes it, so that the load multiplies;
       `--explain` says so. (k6 would run `default` alone, which a Python script seldom has.)
    3. What the scenario declares for itself.
    4. `scenarios` of a file, where no function of the script has an executor of its own.
    5. A shape of the script's options or of a file.
    6. Once, by one VU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tonnage.errors import Mistake, PlanError, Refused
from tonnage.load.declaration import ScenarioDeclaration, ScriptDeclaration
from tonnage.load.executor import Executor
from tonnage.load.guard import refusals
from tonnage.load.options import Merged, ScenarioOption
from tonnage.load.options_scenario import name_mistake
from tonnage.load.options_values import ThresholdOption
from tonnage.load.plan import CustomMetric, Http, Limits, Plan, RequestSource, Scenario, Threshold
from tonnage.load.shortcut import shortcut
from tonnage.metrics import catalog
from tonnage.metrics.catalog import Metric
from tonnage.metrics.threshold import ThresholdError, check, parse, parse_selector

IMPLICIT: Final = Threshold("http_req_failed", "rate<0.01", implicit=True)
_SHORTCUTS: Final = ("vus", "duration", "iterations", "stages", "rate", "max_vus")


def compose(merged: Merged, declaration: ScriptDeclaration | None, request: RequestSource | None) -> Plan:
    """The Plan of a script or of one request.

    Raises:
        PlanError: every mistake, those of `merged` first.
        Refused: the plan is right, but a guard forbids it: targets, metadata addresses, max_rate, max_duration.
    """
    mistakes = list(merged.mistakes)
    if declaration is not None and request is not None:
        raise ValueError("a run has a script or a request, not both")
    metrics = declaration.metrics if declaration else ()
    known, found = _known_metrics(metrics)
    mistakes += found
    thresholds, found = _thresholds(merged, known)
    mistakes += found
    scenarios, found = _Scenarios(merged, declaration).all()
    mistakes += found
    if mistakes:
        raise PlanError(*mistakes)
    plan = Plan(
        scenarios=scenarios,
        script=declaration.source if declaration else None,
        request=request,
        thresholds=thresholds,
        metrics=metrics,
        http=_http(merged),
        limits=replace(Limits(), **(merged.get("limits") or {})),
        env=merged.get("env") or {},
        tags=merged.get("tags") or {},
        **{name: merged.values[name] for name in _PLAIN if name in merged.values},
    )
    refused = list(refusals(plan, merged.get("max_rate"), merged.get("max_duration")))
    if refused:
        raise Refused("\n".join(refused))
    return plan


_PLAIN: Final = (
    "seed", "setup_timeout", "teardown_timeout", "no_setup", "no_teardown", "series_limit", "summary_trend_stats",
)  # fmt: skip


def request_of(url: str, merged: Merged) -> RequestSource:
    """The request of a run of one URL: POST where there is a body, else GET, unless `method` says otherwise."""
    body = merged.get("data")
    method = merged.get("method") or ("GET" if body is None else "POST")
    return RequestSource(str(method).upper(), url, (), body)


def _http(merged: Merged) -> Http:
    names = {
        "base_url": "base_url", "timeout": "timeout", "max_redirects": "max_redirects", "insecure": "insecure",
        "ca_file": "ca_file", "user_agent": "user_agent", "targets": "targets", "discard_bodies": "discard_bodies",
        "no_connection_reuse": "no_connection_reuse", "http_debug": "debug",
    }  # fmt: skip
    given = {field: merged.values[option] for option, field in names.items() if option in merged.values}
    headers = tuple((name, line) for name, lines in (merged.get("headers") or {}).items() for line in lines)
    return replace(Http(), **given, headers=headers)


# ------------------------------------------------------------------------------------------------- thresholds


def _known_metrics(metrics: tuple[CustomMetric, ...]) -> tuple[Mapping[str, Metric], list[Mistake]]:
    known, mistakes = dict(catalog.BUILT_IN), list[Mistake]()
    own: dict[str, CustomMetric] = {}
    for metric in metrics:
        if own.setdefault(metric.name, metric) != metric:
            text = f"the script declares {metric.name} twice, as a {own[metric.name].kind} and as a {metric.kind}"
            mistakes.append(Mistake(f"metrics.{metric.name}", f"{text}: give one of them another name"))
            continue
        try:
            known[metric.name] = catalog.custom(metric.name, metric.kind, metric.contains)
        except PlanError as error:
            mistakes += error.mistakes
    return known, mistakes


def _thresholds(merged: Merged, known: Mapping[str, Metric]) -> tuple[tuple[Threshold, ...], list[Mistake]]:
    found: list[Threshold] = []
    mistakes: list[Mistake] = []
    for selector, options in (merged.get("thresholds") or {}).items():
        source = merged.sources.get(f"thresholds.{selector}", "")
        for option in options:
            try:
                check(selector, parse(option.expression), known)
                found.append(_threshold(selector, option))
            except ThresholdError as error:
                text = f"{option.expression!r}: {error.reason}"
                mistakes.append(Mistake(f"thresholds.{selector}"[:120], text, source))
            except PlanError as error:
                path = f"thresholds.{selector}"[:120]
                mistakes += [Mistake(path, mistake.message, source) for mistake in error.mistakes]
    if merged.get("no_thresholds"):
        return (), mistakes
    if not any(threshold.metric == IMPLICIT.metric for threshold in found):
        found.append(IMPLICIT)
    return tuple(found), mistakes


def _threshold(selector: str, option: ThresholdOption) -> Threshold:
    metric, tags = parse_selector(selector)
    return Threshold(metric, option.expression, tags, option.abort_on_fail, option.delay_abort)


# ------------------------------------------------------------------------------------------------- scenarios


@dataclass(frozen=True, slots=True)
class _Scenarios:
    """The scenarios of a run, by the rules in the module's docstring."""

    merged: Merged
    declaration: ScriptDeclaration | None

    def all(self) -> tuple[tuple[Scenario, ...], list[Mistake]]:
        table = self.merged.get("scenarios")
        declared = self.declaration.scenarios if self.declaration else ()
        has_own = any(one.executor is not None for one in declared)
        is_file = self.merged.tiers.get("scenarios") in {"default", "user file", "project file"}
        if table and not (has_own and is_file):
            return self._of_table(table)
        if not declared:
            executor, mistakes = self._shape()
            return self._scenarios([self._configured("default", "default", executor)]), mistakes
        return self._of_script(declared)

    def _of_script(self, declared: tuple[ScenarioDeclaration, ...]) -> tuple[tuple[Scenario, ...], list[Mistake]]:
        mistakes: list[Mistake] = []
        replaces = any(self.merged.is_above_script(option) for option in _SHORTCUTS)
        shape: Executor | None = None
        if replaces or any(one.executor is None for one in declared):
            shape, mistakes = self._shape()
        found: list[Scenario | None] = []
        names: dict[str, int] = {}
        for one in declared:
            place = self._place(one.line)
            mistakes += _of_declaration(one, names, place)
            own = None if replaces else one.executor
            if own is not None:
                mistakes += [Mistake(f"{one.name}.{m.path}", m.message, place) for m in own.validate()]
            found.append(self._configured(one.name, one.exec, own or shape, one))
        return self._scenarios(found), mistakes

    def _of_table(self, table: Mapping[str, ScenarioOption]) -> tuple[tuple[Scenario, ...], list[Mistake]]:
        declared = {one.exec: one for one in self.declaration.scenarios} if self.declaration else {}
        mistakes: list[Mistake] = []
        found: list[Scenario | None] = []
        for name, option in table.items():
            function = option.exec or (name if name in declared else "default")
            if self.declaration and function not in declared:
                known = ", ".join(declared)
                text = f"the script has no scenario function `{function}`: give `exec`, one of {known}"
                place = self.merged.sources.get("scenarios", "")
                mistakes.append(Mistake(f"scenarios.{name}.exec", text, place))
            found.append(self._configured(name, function, option.executor, option))
        return self._scenarios(found), mistakes

    def _shape(self) -> tuple[Executor | None, list[Mistake]]:
        """The executor that the shortcuts stand for; None with mistakes, or when the shape has been refused."""
        given = {name: self.merged.values[name] for name in _SHORTCUTS if name in self.merged.values}
        source = next((self.merged.sources[name] for name in given), "")
        if any(mistake.path.partition("[")[0] in _SHORTCUTS for mistake in self.merged.mistakes):
            return None, []
        try:
            executor = shortcut(**given)
        except PlanError as error:
            return None, [replace(mistake, source=mistake.source or source) for mistake in error.mistakes]
        mistakes = [
            Mistake(m.path, m.message, self.merged.sources.get(m.path.partition("[")[0], source))
            for m in executor.validate()
        ]
        return executor, mistakes

    def _configured(
        self,
        name: str,
        function: str,
        executor: Executor | None,
        own: ScenarioDeclaration | ScenarioOption | None = None,
    ) -> Scenario | None:
        if executor is None:
            return None
        options: Any = own or ScenarioOption(executor)
        return Scenario(
            name=name,
            executor=executor,
            exec=function,
            start_time=options.start_time,
            graceful_stop=self._chosen("graceful_stop", options.graceful_stop, 30.0),
            late=self._chosen("late", options.late, "queue"),
            env=dict(options.env),
            tags=dict(options.tags),
        )

    def _chosen(self, option: str, own: Any, otherwise: Any) -> Any:
        """A flag or variable stands above the scenario's own value, a file below it."""
        if own is not None and not self.merged.is_above_script(option):
            return own
        return self.merged.values.get(option, otherwise)

    def _scenarios(self, found: list[Scenario | None]) -> tuple[Scenario, ...]:
        return tuple(scenario for scenario in found if scenario is not None)

    def _place(self, line: int) -> str:
        path = self.declaration.source.path if self.declaration else ""
        return f"{path}:{line}" if path and line else path


def _of_declaration(one: ScenarioDeclaration, names: dict[str, int], place: str) -> Iterator[Mistake]:
    if mistake := name_mistake(one.name):
        yield Mistake("name", mistake, place)
    if one.name in names:
        yield Mistake(one.name, f"line {names[one.name]} has a scenario of this name: choose another", place)
    names.setdefault(one.name, one.line)
    if one.late not in {None, "queue", "drop"}:
        yield Mistake(f"{one.name}.late", f"{one.late!r} is none of queue, drop", place)
