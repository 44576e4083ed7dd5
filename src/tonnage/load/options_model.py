"""The one model of everything that a user may set about a run; all of it is optional.

It is written with pydantic, which takes a tenth of a second to import: only this file imports it, and the command
line imports this file when there are options to read, not for `--help`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tonnage.load import options_values as read
from tonnage.load.codec import suggestion
from tonnage.load.executor import MOST_VUS, Stage
from tonnage.load.options_layer import snake
from tonnage.load.options_scenario import EXECUTOR_KEYS, ScenarioOption, scenarios
from tonnage.load.options_values import ThresholdOption

_TABLE: Final = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_TEXTS: Final = {"type": ["array", "string"], "items": {"type": "string"}}
_DURATION: Final = {"type": ["string", "number"], "minimum": 0, "examples": ["1m30s", "250ms", 30]}


def _by(reader: Callable[[Any, bool], Any], schema: Mapping[str, Any]) -> Any:
    """The pydantic way to say that `reader` reads a value, and `schema` describes what may be written."""

    def validate(value: Any, info: ValidationInfo) -> Any:
        textual = bool(info.context and info.context.get("textual"))
        try:
            return reader(value, textual)
        except read.Wrong as error:
            raise PydanticCustomError("tonnage", "several mistakes", {"items": error.items}) from None
        except ValueError as error:
            raise PydanticCustomError("tonnage", "one mistake", {"items": [("", str(error))]}) from None

    return BeforeValidator(validate), WithJsonSchema(dict(schema))


def _whole(least: int, most: int) -> Any:
    return _by(
        lambda value, textual: read.whole(value, textual, least, most),
        {"type": "integer", "minimum": least, "maximum": most},
    )


def _share(value: Any, textual: bool) -> float:
    return read.number(value, textual, 1.0)


def _choice(*known: str) -> Any:
    def choose(value: Any, textual: bool) -> str:
        if value not in known:
            raise ValueError(f"{read.shown(value)} is none of {', '.join(known)}{_near(value, known)}")
        return str(value)

    return _by(choose, {"enum": list(known)})


def _near(value: Any, known: tuple[str, ...]) -> str:
    said = suggestion(value[:60], list(known)) if isinstance(value, str) else ""
    return said if said.startswith("; did") else ""


def _seed(value: Any, textual: bool) -> int:
    return read.whole(value, textual, 0, 2**53)


Vus = Annotated[int, *_whole(1, MOST_VUS)]
Count = Annotated[int, *_whole(1, 2**53)]
Small = Annotated[int, *_whole(0, 1_000_000)]
Seed = Annotated[int, *_by(_seed, {"type": "integer", "minimum": 0})]
Duration = Annotated[float, *_by(read.time, _DURATION)]
Rate = Annotated[float, *_by(read.rate, {"type": ["string", "number"], "minimum": 0, "examples": ["50/s", "3000/m"]})]
Share = Annotated[float, *_by(_share, {"type": "number", "minimum": 0, "maximum": 1})]
Flag = Annotated[bool, *_by(read.flag, {"type": "boolean"})]
Text = Annotated[str, *_by(read.text, {"type": "string"})]
Body = Annotated[str, *_by(read.body, {"type": "string"})]
Url = Annotated[str, *_by(read.url, {"type": "string", "format": "uri"})]
Texts = Annotated[tuple[str, ...], *_by(read.texts, _TEXTS)]
Hosts = Annotated[tuple[str, ...], *_by(read.hosts, _TEXTS)]
TrendStats = Annotated[tuple[str, ...], *_by(read.trend_stats, _TEXTS)]
Table = Annotated[dict[str, str], *_by(read.plain_table, _TABLE)]
Headers = Annotated[
    dict[str, tuple[str, ...]],
    *_by(read.headers, {"type": "object", "additionalProperties": {"type": ["string", "array"]}}),
]
_STAGE: Final = {
    "type": ["string", "object", "array"],
    "properties": {"duration": _DURATION, "target": {"type": "number", "minimum": 0}},
    "examples": ["30s:10"],
}
Stages = Annotated[tuple[Stage, ...], *_by(read.stages, {"type": ["array", "string"], "items": _STAGE})]
_EXPRESSION: Final = {
    "type": ["string", "object"],
    "properties": {
        "threshold": {"type": "string"},
        "abort_on_fail": {"type": "boolean"},
        "delay_abort_eval": _DURATION,
    },
    "required": ["threshold"],
    "examples": ["p(95)<300ms"],
}
Thresholds = Annotated[
    dict[str, tuple[ThresholdOption, ...]],
    *_by(
        read.thresholds,
        {"type": "object", "additionalProperties": {"anyOf": [_EXPRESSION, {"type": "array", "items": _EXPRESSION}]}},
    ),
]
Scenarios = Annotated[
    dict[str, ScenarioOption],
    *_by(
        scenarios,
        {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"executor": {"enum": sorted(EXECUTOR_KEYS)}},
                "required": ["executor"],
            },
        },
    ),
]


class _Strict(BaseModel):
    """A table that knows its keys, in Python's spelling or k6's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _own_names(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise PydanticCustomError("tonnage", "wrong", {"items": [("", "a table is needed")]})
        found: dict[str, Any] = {}
        for key, value in data.items():
            name = snake(str(key))
            name = name if name in cls.model_fields else str(key)
            if name in found:
                text = f"`{key}` and `{name}` are the same option: give one of them"
                raise PydanticCustomError("tonnage", "twice", {"items": [(f".{name}", text)]})
            found[name] = value
        return found


class LimitOptions(_Strict):
    """What a run must reach for its numbers to support a conclusion; beyond any limit it is invalid."""

    started: Share | None = Field(None, description="least share of the arrivals due that must start")
    arrival_lag: Duration | None = Field(None, description="most lateness of a start by the generator's fault, p99")
    arrival_lag_share: Share | None = Field(None, description="the same as a share of the response time's p99")
    iteration_errors: Share | None = Field(None, description="most iterations that may end by an exception")
    hung_vus: Share | None = Field(None, description="most VUs that may end inside a hung request")
    generator_cpu: Share | None = Field(None, description="most processor use of the generator")
    loop_lag: Duration | None = Field(None, description="most lateness of the generator's own event loop")
    open_files: Share | None = Field(None, description="most of the file descriptors that may be used")
    duration: Share | None = Field(None, description="most difference of asked and delivered duration")


class Options(_Strict):
    """Options of a run, in `tonnage.toml`, in `[tool.tonnage]`, in a script's `options`, as variables and as flags."""

    vus: Vus | None = Field(None, description="VUs")
    duration: Duration | None = Field(None, description="how long the load lasts; with iterations, at most")
    iterations: Count | None = Field(None, description="iterations altogether, shared by the VUs")
    stages: Stages | None = Field(None, description="duration and target of each ramp of VUs, or of the rate")
    rate: Rate | None = Field(None, description="arrivals a second; with stages, the rate they start from")
    max_vus: Vus | None = Field(None, description="most VUs that a rate may use")
    scenarios: Scenarios | None = Field(None, description="k6's scenarios: a name and an executor table each")
    late: Annotated[str, *_choice("queue", "drop")] | None = Field(
        None, description="what becomes of an arrival that finds no idle VU"
    )
    graceful_stop: Duration | None = Field(None, description="time to end iterations after the regular duration")
    seed: Seed | None = Field(None, description="seed of all random numbers of the run")

    base_url: Url | None = Field(None, description="what relative URLs are relative to")
    method: Text | None = Field(None, description="method of a run of one URL")
    data: Body | None = Field(None, description="body of a run of one URL")
    headers: Headers | None = Field(None, description="headers of every request")
    user_agent: Text | None = Field(None, description="User-Agent of every request")
    timeout: Duration | None = Field(None, description="time after which a request is given up")
    max_redirects: Small | None = Field(None, description="redirects that a request follows at most")
    insecure: Flag | None = Field(None, description="accept any TLS certificate")
    ca_file: Text | None = Field(None, description="PEM file of authorities to trust beside the system's")
    discard_bodies: Flag | None = Field(None, description="do not keep the bodies of answers")
    no_connection_reuse: Flag | None = Field(None, description="a new connection for every request")
    http_debug: Annotated[str, *_choice("off", "headers", "full")] | None = Field(
        None, description="print every exchange"
    )

    env: Table | None = Field(None, description="variables of the script, `vu.env`")
    tags: Table | None = Field(None, description="tags of every sample")
    setup_timeout: Duration | None = Field(None, description="most time of the script's setup")
    teardown_timeout: Duration | None = Field(None, description="most time of the script's teardown")
    no_setup: Flag | None = Field(None, description="do not run setup")
    no_teardown: Flag | None = Field(None, description="do not run teardown")

    thresholds: Thresholds | None = Field(None, description="limits that decide about pass and fail, as in k6")
    no_thresholds: Flag | None = Field(None, description="judge no thresholds, not even the implicit one")
    summary_trend_stats: TrendStats | None = Field(None, description="statistics of a trend in the summary")
    series_limit: Count | None = Field(None, description="most series of a metric; the others are counted together")
    limits: LimitOptions | None = Field(None, description="when a run is invalid")

    targets: Hosts | None = Field(None, description="the hosts that may be loaded; any other is refused")
    max_rate: Rate | None = Field(None, description="refuse a plan with more arrivals a second")
    max_duration: Duration | None = Field(None, description="refuse a plan that may last longer")
    preflight: Flag | None = Field(None, description="connect to the target once before the run")
    store: Text | None = Field(None, description="folder of the stored runs, or :memory:")


Problem = tuple[str, str]
"""(dotted path, message)."""


def check(values: Mapping[str, Any], *, textual: bool = False) -> tuple[dict[str, Any], list[Problem]]:
    """The options that are right, as the Plan wants them, and what is wrong with the others.

    Tables that merge (env, tags, headers, limits, thresholds) stay tables. Options that are None were not given.
    """
    given = {key: value for key, value in values.items() if value is not None}
    try:
        return _plain(Options.model_validate(given, context={"textual": textual})), []
    except ValidationError as error:
        problems = [problem for one in error.errors(include_url=False) for problem in _problems(one)]
    right = _without(given, [path for path, _ in problems])
    if right == given:
        return {}, problems
    return check(right, textual=textual)[0], problems


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a configuration file."""
    schema: dict[str, Any] = _tidy(Options.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "tonnage.toml"}


KNOWN: Final = tuple(Options.model_fields)
LIMITS: Final = tuple(LimitOptions.model_fields)


def _without(given: Mapping[str, Any], wrong: list[str]) -> dict[str, Any]:
    """What is left when the options at the wrong paths are taken out; of a table, only its wrong entries."""
    right: dict[str, Any] = {}
    for key, value in given.items():
        inside = [
            path for path in wrong if path == key or snake(path.partition(".")[0].partition("[")[0]) == snake(key)
        ]
        if not inside:
            right[key] = value
        elif isinstance(value, Mapping):
            entries = [path.partition(".")[2] for path in inside]
            kept = {name: item for name, item in value.items() if not any(e.startswith(str(name)) for e in entries)}
            if kept and len(kept) < len(value):
                right[key] = kept
    return right


def _plain(options: Options) -> dict[str, Any]:
    found = {name: value for name, value in options if value is not None}
    if options.limits is not None:
        found["limits"] = {name: value for name, value in options.limits if value is not None}
    return found


def _tidy(schema: Any) -> Any:
    """Without what pydantic adds for options that were not given: null, the default null, and titles of names."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _tidy(value) for key, value in schema.items() if not (key == "default" and value is None)}
    if isinstance(found.get("title"), str):
        del found["title"]
    options = found.get("anyOf", [])
    if {"type": "null"} in options:
        del found["anyOf"]
        found.update(next(option for option in options if option != {"type": "null"}))
    return found


def _problems(error: Any) -> Iterator[Problem]:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    if error["type"] == "extra_forbidden":
        inside = LIMITS if path.startswith("limits.") else KNOWN
        name = str(error["loc"][-1])[:60]
        near = suggestion(snake(name), list(inside))
        long = inside is KNOWN and not near.startswith("; did")
        yield path[:120], f"unknown key `{name}`" + ("; `tonnage config schema` lists the options" if long else near)
    elif error["type"] == "tonnage":
        for where, message in error["ctx"]["items"]:
            yield f"{path}{where}".lstrip("."), message
    else:
        yield path, error["msg"]
