"""The flags that `run` and `inspect` share, and the layers of options around them.

A flag is a text until `load.options` reads it together with everything else, so that a bad value is told with all other
mistakes (exit 104), while an unknown flag stays click's business (exit 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeVar

import click

from tonnage.errors import Mistake, PlanError, Refused, ScriptError

if TYPE_CHECKING:
    from tonnage.load.declaration import ScriptDeclaration
    from tonnage.load.options import Layer, Merged, Tier
    from tonnage.load.plan import Plan
    from tonnage.script.loader import Script

F = TypeVar("F", bound=Callable[..., Any])

INVALID: Final = 104
RAISED: Final = 107
REFUSED: Final = 113
_LARGEST_BODY: Final = 100_000_000  # [B]


class World(Protocol):
    """What the command line may know of the machine."""

    @property
    def environment(self) -> Mapping[str, str]: ...
    @property
    def cwd(self) -> Path: ...
    @property
    def config_home(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: how it is written, which option it sets, and to what when it is only a switch."""

    names: tuple[str, ...]
    option: str
    help: str
    metavar: str = ""
    multiple: bool = False
    switch: bool | None = None

    @property
    def parameter(self) -> str:
        """click's name of the flag; two flags may set one option."""
        return "flag_" + self.names[-1].lstrip("-").replace("-", "_")


FLAGS: Final = (
    Flag(("-u", "--vus"), "vus", "Virtual users.", "N"),
    Flag(("-d", "--duration"), "duration", "How long, such as 1m30s.", "TIME"),
    Flag(("-i", "--iterations"), "iterations", "Iterations altogether, shared by the VUs.", "N"),
    Flag(("-s", "--stage"), "stages", "A ramp, such as 30s:10; repeatable.", "TIME:TARGET", multiple=True),
    Flag(("--rate",), "rate", "Arrivals, such as 50/s; needs --duration or --stage.", "RATE"),
    Flag(("--max-vus",), "max_vus", "Most VUs that a rate may use.", "N"),
    Flag(("--late",), "late", "What becomes of an arrival without an idle VU.", "queue|drop"),
    Flag(("--graceful-stop",), "graceful_stop", "Time to end iterations afterwards.", "TIME"),
    Flag(("--seed",), "seed", "Seed of all random numbers.", "N"),
    Flag(("-e", "--env"), "env", "A variable of the script; repeatable.", "NAME=VALUE", multiple=True),
    Flag(("--tag",), "tags", "A tag of every sample; repeatable.", "NAME=VALUE", multiple=True),
    Flag(("-X", "--method"), "method", "Method of a run of one URL.", "METHOD"),
    Flag(("--data",), "data", "Body of a run of one URL; @FILE reads a file.", "TEXT"),
    Flag(("-H", "--header"), "headers", "A header of every request; repeatable.", "NAME: VALUE", multiple=True),
    Flag(("--base-url",), "base_url", "What relative URLs are relative to.", "URL"),
    Flag(("--user-agent",), "user_agent", "User-Agent of every request.", "TEXT"),
    Flag(("--timeout",), "timeout", "When a request is given up.", "TIME"),
    Flag(("--max-redirects",), "max_redirects", "Redirects that a request follows at most.", "N"),
    Flag(("--insecure-skip-tls-verify", "--insecure"), "insecure", "Accept any TLS certificate.", switch=True),
    Flag(("--ca-file",), "ca_file", "PEM file of further authorities to trust.", "FILE"),
    Flag(("--discard-response-bodies",), "discard_bodies", "Do not keep bodies of answers.", switch=True),
    Flag(("--no-connection-reuse",), "no_connection_reuse", "A new connection a request.", switch=True),
    Flag(
        ("--http-debug",), "http_debug", "Print every exchange: --http-debug or --http-debug=full.", "[=headers|full]"
    ),
    Flag(("--no-setup",), "no_setup", "Do not run setup.", switch=True),
    Flag(("--no-teardown",), "no_teardown", "Do not run teardown.", switch=True),
    Flag(("--setup-timeout",), "setup_timeout", "Most time of setup.", "TIME"),
    Flag(("--teardown-timeout",), "teardown_timeout", "Most time of teardown.", "TIME"),
    Flag(
        ("--threshold",), "thresholds", "A limit, such as 'checks=rate>0.9'; repeatable.", "METRIC=EXPR", multiple=True
    ),
    Flag(("--no-thresholds",), "no_thresholds", "Judge no thresholds.", switch=True),
    Flag(("--summary-trend-stats",), "summary_trend_stats", "Such as avg,p(95),max.", "STATS"),
    Flag(("--series-limit",), "series_limit", "Most series of a metric.", "N"),
    Flag(
        ("--limit",), "limits", "When a run is invalid, such as started=0.95; repeatable.", "NAME=VALUE", multiple=True
    ),
    Flag(("--target",), "targets", "A host that may be loaded; repeatable.", "HOST", multiple=True),
    Flag(("--max-rate",), "max_rate", "Refuse a plan with more arrivals.", "RATE"),
    Flag(("--max-duration",), "max_duration", "Refuse a plan that may last longer.", "TIME"),
    Flag(("--no-preflight",), "preflight", "Do not connect to the target before the run.", switch=False),
    Flag(("--store",), "store", "Folder of the stored runs, or :memory:.", "FOLDER"),
)


class LoadCommand(click.Command):
    """A command whose `--http-debug` may stand without a value, as in k6: only `=` gives it one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        flags = args[: args.index("--")] if "--" in args else args
        written = ["--http-debug=headers" if arg == "--http-debug" else arg for arg in flags]
        return super().parse_args(ctx, written + args[len(flags) :])


def load_options(function: F) -> F:
    """Decorate a command (`cls=LoadCommand`) with all the flags of `FLAGS`, and with `-c/--config`.

    The command gets `config_path` and, for `layer_of_flags`, one `flag_…` parameter a flag.
    """
    for flag in reversed(FLAGS):
        function = _option(flag)(function)
    config = click.option(
        "-c", "--config", "config_path", metavar="FILE",
        help="Read FILE instead of tonnage.toml or pyproject.toml.  [env: TONNAGE_CONFIG]",
    )  # fmt: skip
    return config(function)


def _option(flag: Flag) -> Callable[[F], F]:
    text = f"{flag.help}  [env: TONNAGE_{flag.option.upper()}{'_…' if flag.option in _ENTRIES else ''}]"
    if flag.switch is not None:
        return click.option(*flag.names, flag.parameter, is_flag=True, default=None, help=text)
    return click.option(*flag.names, flag.parameter, metavar=flag.metavar, multiple=flag.multiple, help=text)


_ENTRIES: Final = frozenset({"env", "tags", "headers", "limits"})


def layer_of_flags(params: Mapping[str, Any], cwd: Path) -> Layer:
    """The flags that were given; `--data @FILE` is read relative to `cwd`. Mistakes stay in the layer."""
    from tonnage.load.options import Layer

    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for flag in FLAGS:
        given = params.get(flag.parameter)
        if given is None or given == ():
            continue
        name = flag.names[-1]
        try:
            value, inside = _value(flag, given, cwd)
        except PlanError as error:
            mistakes += [Mistake(m.path or flag.option, m.message, name) for m in error.mistakes]
            continue
        values[flag.option] = value
        places[flag.option] = name
        places.update({path: f"{name} {path.partition('.')[2]}" for path in inside})
    return Layer("flags", values, places, "flags", True, tuple(mistakes))


def _value(flag: Flag, given: Any, cwd: Path) -> tuple[Any, Iterable[str]]:
    """The option's value, and the paths of the entries that were given one by one."""
    if flag.switch is not None:
        return flag.switch, ()
    if flag.option in {"stages", "targets"}:
        return [part.strip() for text in given for part in text.split(",") if part.strip()], ()
    if flag.option == "data" and given.startswith("@"):
        return _body(cwd / given[1:]), ()
    if not flag.multiple:
        return given, ()
    table: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for text in given:
        name, value = _pair(flag, text)
        if value is None:
            # What was given may be a secret, so it is not repeated.
            mistakes.append(Mistake(flag.option, f"{flag.metavar} is needed, and there is no name or no value"))
        elif flag.option in {"thresholds", "headers"}:
            table.setdefault(name, []).append(value)
        else:
            table[name] = value
    if mistakes:
        raise PlanError(*mistakes)
    return table, [f"{flag.option}.{name}" for name in table]


def _pair(flag: Flag, text: str) -> tuple[str, str | None]:
    """Name and value; a metric's selector may hold the sign between them inside its braces."""
    sign = ":" if flag.option == "headers" else "="
    begin = text.rfind("}") + 1 if flag.option == "thresholds" else 0
    at = text.find(sign, begin)
    name = text[:at].strip()
    return (name, text[at + 1 :].lstrip() if sign == ":" else text[at + 1 :]) if at > 0 and name else ("", None)


def _body(path: Path) -> str:
    content = read_bytes(path, _LARGEST_BODY, "data")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise PlanError(Mistake("data", f"{path} is not UTF-8 text")) from None


def read_bytes(path: Path, largest: int, what: str) -> bytes:
    """A file's content, one byte more than `largest` at most.

    Raises:
        PlanError: it cannot be read; says why.
    """
    try:
        with path.open("rb") as file:
            return file.read(largest + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PlanError(Mistake(what, f"the file cannot be read: {reason}", str(path))) from None


def load_layers(
    world: World, config_path: str | None, declaration: ScriptDeclaration | None, flags: Layer | None
) -> list[Layer]:
    """Every layer of options, in rising precedence; nothing is checked yet, mistakes of reading stay in the layers.

    The user's file is `<config_home>/tonnage/tonnage.toml`; the project's is `config_path`, or TONNAGE_CONFIG, or
    `tonnage.toml` in the working directory, or `[tool.tonnage]` of its pyproject.toml.
    """
    from tonnage.load.options import defaults, from_environment, from_script

    layers = [defaults()]
    user = world.config_home / "tonnage" / "tonnage.toml"
    if _exists(user):
        layers.append(_file(user, str(user), "user file"))
    chosen = (
        config_path
        or world.environment.get("TONNAGE_CONFIG")
        or next((name for name in ("tonnage.toml", "pyproject.toml") if _exists(world.cwd / name)), None)
    )
    if chosen:
        layers.append(_file(world.cwd / chosen, chosen, "project file"))
    if declaration is not None:
        layers.append(from_script(declaration))
    layers.append(from_environment(world.environment))
    if flags is not None:
        layers.append(flags)
    return layers


def _exists(path: Path) -> bool:
    """Whether something is there; what cannot be looked at is found out, and told, when it is read."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        # A home that cannot be entered holds no configuration.
        return False
    return True


def _file(path: Path, source: str, tier: Tier) -> Layer:
    from tonnage.load.options import Layer, read_toml
    from tonnage.load.options_toml import LARGEST

    try:
        return read_toml(read_bytes(path, LARGEST, ""), source, tier)
    except PlanError as error:
        mistakes = tuple(Mistake(m.path, m.message, source) for m in error.mistakes)
        return Layer(source, tier=tier, mistakes=mistakes)


# ------------------------------------------------------------------------------------------------- plans


def is_url(target: str) -> bool:
    """Whether the argument of `run` or `inspect` is a URL rather than a script."""
    return "://" in target


def open_script(world: World, target: str) -> Script:
    """Load the Python script; messages name it as it was written.

    Raises:
        PlanError: the file is missing, unreadable or no Python script.
        ScriptError: it raised while it was loaded, or has nothing to run.
    """
    from tonnage.script.loader import load_script

    path = world.cwd / target
    if not _exists(path):
        raise PlanError(Mistake("", "there is no such script; write a first one with `tonnage new`", target))
    if path.suffix in {".js", ".mjs", ".ts"}:
        raise PlanError(Mistake("", "k6 scripts cannot be read by this command", target))
    # Messages name the script as it was written, where that means the same file.
    return load_script(Path(target) if path == Path(target).absolute() else path)


def plan_of(world: World, target: str, config_path: str | None, flags: Layer) -> tuple[Plan, Merged, Script | None]:
    """The Plan that a command line stands for, the options behind it, and the script.

    Raises:
        PlanError, ScriptError, Refused: as `compose`, `open_script`.
    """
    from tonnage.load.compose import compose, request_of
    from tonnage.load.options import combine
    from tonnage.load.options_values import url

    if not is_url(target):
        script = open_script(world, target)
        merged = combine(load_layers(world, config_path, script.declaration, flags))
        return compose(merged, script.declaration, None), merged, script
    merged = combine(load_layers(world, config_path, None, flags))
    try:
        url(target, True)
    except ValueError as error:
        raise PlanError(*merged.mistakes, Mistake("url", str(error), "argument")) from None
    return compose(merged, None, request_of(target, merged)), merged, None


@contextmanager
def telling_mistakes() -> Iterator[None]:
    """Turn what the user got wrong into lines on standard error and an exit code: 104, 107 or 113."""
    try:
        yield
    except Refused as error:
        _exit(str(error).splitlines(), REFUSED)
    except PlanError as error:
        _exit([str(mistake) for mistake in error.mistakes], INVALID)
    except ScriptError as error:
        # An exception of the script's own is behind it; otherwise the file could not be used.
        raised = error.__cause__ is not None and not isinstance(error.__cause__, OSError | UnicodeDecodeError)
        _exit([str(error)], RAISED if raised else INVALID)


def _exit(lines: Sequence[str], code: int) -> NoReturn:
    for line in lines:
        click.echo(f"error: {' '.join(line.split())}", err=True)
    raise click.exceptions.Exit(code)
