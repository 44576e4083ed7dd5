"""Reading and writing of durations, sizes, rates and numbers.

People write "1m30s", "10MiB" and "3000/m"; the rooms below hold seconds, bytes and 1/s. Reading refuses whatever is
not a finite, non-negative amount and says what to write instead; only `parse_number` follows Go's ParseFloat, which
also takes Inf and NaN. Writing follows the report's rules: three significant digits, a narrow no-break space (U+202F)
between number and unit and between groups of three digits, a true minus sign; `plain` says ordinary space and hyphen,
for terminals.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, Protocol

from tonnage.errors import UnitError

LONGEST: Final = (2**63 - 1) / 1e9  # [s] what 64 bits of nanoseconds hold: 292 years
LARGEST: Final = 2**63 - 1  # [B]
NARROW: Final = "\u202f"
MINUS: Final = "\u2212"

_TIMES: Final[Mapping[str, Fraction]] = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),  # U+00B5
    "μs": Fraction(1, 10**6),  # U+03BC
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
}
_SIZES: Final[Mapping[str, int]] = {"b": 1} | {
    f"{prefix}{suffix}": base**power
    for suffix, base in (("b", 1000), ("ib", 1024))
    for power, prefix in enumerate("kmgtp", start=1)
}
_TERM: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([^\s0-9.,]*)")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9_]+(?:\.[0-9_]*)?|\.[0-9_]+)(?:e[+-]?[0-9_]+)?", re.ASCII | re.IGNORECASE)
_HEX: Final = re.compile(r"[+-]?0x(?:[0-9a-f_]+(?:\.[0-9a-f_]*)?|\.[0-9a-f_]+)p[+-]?[0-9_]+", re.ASCII | re.IGNORECASE)
_SPECIAL: Final = re.compile(r"[+-]?inf(?:inity)?|nan", re.ASCII | re.IGNORECASE)
_LONGEST_TEXT: Final = 128


# ------------------------------------------------------------------------------------------------- reading


def parse_duration(text: str | int | float, *, bare: Literal["ms", "s"] | None = None) -> float:
    """Seconds of a duration as Go writes it: "1m30s", "250ms", "1.5h", "2d", "100us".

    Args:
        text: a sum of number-and-unit terms, or a bare number.
        bare: the unit of a bare number; k6 reads one as milliseconds. Without it a bare number other than 0 is refused.

    Raises:
        UnitError: no unit, unknown unit, negative, not finite, or more than 292 years.
    """
    if not isinstance(text, str):
        text = _written(text, "duration")
    word = _trimmed(text, "duration", "1m30s or 250ms")
    number = _plain_number(word)
    if number is not None:
        if number and bare is None:
            raise UnitError(f"duration {word!r} has no unit: write {word}s or {word}ms")
        return _bounded(number * _TIMES[bare or "s"], LONGEST, f"duration {word!r} is longer than 292 years")
    total, position = Fraction(0), 0
    while position < len(word):
        term = _TERM.match(word, position)
        if term is None:
            raise UnitError(f"duration {word!r} cannot be read at {word[position:]!r}: write it like 1m30s or 250ms")
        digits, unit = term.groups()
        if unit not in _TIMES:
            raise UnitError(_unknown_time_unit(word, digits, unit))
        total += Fraction(digits) * _TIMES[unit]
        position = term.end()
    return _bounded(total, LONGEST, f"duration {word!r} is longer than 292 years")


def parse_size(text: str | int) -> int:
    """Bytes of a size: "10MiB" = 10·1024², "10MB" = 10·1000², "512" = 512.

    Raises:
        UnitError: unknown or ambiguous unit ("10M"), negative, not a whole number of bytes, or above 2⁶³ - 1.
    """
    if not isinstance(text, str):
        text = _written(text, "size")
    word = _trimmed(text, "size", "10MiB or 512kB")
    term = _TERM.fullmatch(word)
    if term is None:
        raise UnitError(f"size {word!r} cannot be read: write it like 10MiB or 512kB")
    digits, unit = term.groups()
    if unit.lower() in {"k", "m", "g", "t", "p"}:
        raise UnitError(f"size {word!r} can mean two things: write {digits}{unit}B (1000) or {digits}{unit}iB (1024)")
    factor = _SIZES.get(unit.lower() or "b")
    if factor is None:
        raise UnitError(f"size {word!r} has the unknown unit {unit!r}: use B, kB, KiB, MB, MiB, GB, GiB, TB or TiB")
    amount = Fraction(digits) * factor
    if amount.denominator != 1:
        raise UnitError(f"size {word!r} is not a whole number of bytes")
    if amount > LARGEST:
        raise UnitError(f"size {word!r} is more than 2^63 - 1 bytes")
    return int(amount)


def parse_rate(text: str | int | float) -> float:
    """Events per second of a rate: "50/s", "3000/m", "7/10s"; a bare number is per second.

    Raises:
        UnitError: no number, unknown unit, negative, not finite, or per no time at all.
    """
    if not isinstance(text, str):
        text = _written(text, "rate")
    word = _trimmed(text, "rate", "50/s or 3000/m")
    amount, slash, per = (part.strip() for part in word.partition("/"))
    number = _plain_number(amount)
    if number is None or (slash and not per):
        raise UnitError(f"rate {word!r} cannot be read: write it like 50/s or 3000/m")
    unit = parse_duration(per if per[:1].isdigit() else f"1{per}") if slash else 1.0
    if unit == 0:
        raise UnitError(f"rate {word!r} is per no time at all: write it like 50/s")
    return _bounded(number / Fraction(unit), 1e15, f"rate {word!r} is more than 1e15/s")


def parse_number(text: str) -> float:
    """A number as Go's strconv.ParseFloat reads it: -1, 1e3, .5, 1_000, 0x1p-2, Inf, NaN; no spaces.

    Raises:
        UnitError: not a number, or too large for 64 bits, which ParseFloat refuses too.

    Source:
        The Go specification, floating-point literals; accepted forms measured in k6/metrics_vectors.json.
    """
    wrong = UnitError(f"{_shown(text)} is not a number")
    if _SPECIAL.fullmatch(text):
        return float(text)
    hexadecimal = _HEX.fullmatch(text) is not None
    if not hexadecimal and not _DECIMAL.fullmatch(text):
        raise wrong
    digits = text.lower()
    bare = digits.replace("_", "")
    if "_" in digits:
        # An underscore separates two digits; one may also follow the prefix 0x.
        digit = "[0-9a-f]" if hexadecimal else "[0-9]"
        if "_" in re.sub(f"(?<={digit})_(?={digit})", "", digits.replace("0x_", "0x0_", 1)):
            raise wrong
    try:
        number = float.fromhex(bare) if hexadecimal else float(bare)
    except OverflowError:
        number = 0.0 if "p-" in bare else math.inf
    except ValueError:
        raise wrong from None
    if math.isinf(number):
        raise UnitError(f"{_shown(text)} is too large for a number of 64 bits")
    return number


def _written(value: float, what: str) -> str:
    """The decimal text of a number that came as one; refuses bool, NaN, infinity and negative values."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnitError(f"{what} {value!r} is neither text nor a number")
    if not math.isfinite(value):
        raise UnitError(f"{what} {value} is not finite")
    return format(Decimal(repr(value)), "f")


def _trimmed(text: str, what: str, example: str) -> str:
    word = text.strip()
    if not word:
        raise UnitError(f"a {what} is empty: write it like {example}")
    if len(word) > _LONGEST_TEXT and _plain_number(word) is None:
        raise UnitError(f"{what} {_shown(word)} is longer than {_LONGEST_TEXT} characters")
    if word.startswith(("-", MINUS)):
        raise UnitError(f"{what} {_shown(word)} is negative: it starts at 0")
    if word.lower().lstrip("+") in {"nan", "inf", "infinity"}:
        raise UnitError(f"{what} {word!r} is not finite: write it like {example}")
    return word


def _plain_number(word: str) -> Fraction | None:
    """The exact value of a decimal number without a unit, exponent allowed; None when it is something else."""
    if len(word) > 400 or not re.fullmatch(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?", word, re.I | re.A):
        return None
    return Fraction(word)


def _bounded(amount: Fraction, most: float, refusal: str) -> float:
    if amount > most:
        raise UnitError(refusal)
    return float(amount)


def _unknown_time_unit(word: str, digits: str, unit: str) -> str:
    if not unit:
        return f"duration {word!r} has no unit after {digits}: write {digits}s or {digits}ms"
    known = {"sec": "s", "min": "m", "hr": "h", "hour": "h", "day": "d", "msec": "ms", "usec": "us"}
    guess = known.get(unit.lower().rstrip("s"), unit.lower())
    # M may be minutes, months or mega: no guess.
    remedy = f"write {digits}{guess}" if guess in _TIMES and unit != "M" else "use ns, us, ms, s, m, h or d"
    return f"duration {word!r} has the unknown unit {unit!r}: {remedy}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


# ------------------------------------------------------------------------------------------------- writing


class Renderer(Protocol):
    """Writes an amount with so many significant digits."""

    def __call__(self, amount: float, *, digits: int = 3, plain: bool = False) -> str: ...


def duration(amount: float) -> str:
    """Seconds as people write them in a plan: 90 -> "1m30s", 0.25 -> "250ms"; to the nanosecond, exact to read back."""
    _finite(amount)
    left = round(Fraction(amount) * 10**9)
    if left == 0:
        return "0s"
    sign, left, text = "-" if left < 0 else "", abs(left), ""
    for unit in ("d", "h", "m"):
        whole, left = divmod(left, int(_TIMES[unit] * 10**9))
        text += f"{whole}{unit}" if whole else ""
    if left:
        unit = "s" if text else next(unit for unit in ("s", "ms", "us", "ns") if left >= _TIMES[unit] * 10**9)
        rest = Decimal(left) / Decimal(int(_TIMES[unit] * 10**9))
        text += f"{rest.normalize():f}{unit}"
    return sign + text


def seconds(amount: float, *, digits: int = 3, plain: bool = False) -> str:
    """A measured time [s] with three significant digits: "346 ms", "2.65 s", "59.3 µs"; seconds from 1 s on."""
    return _scaled(amount, (("s", 0), ("ms", -3), ("µs", -6), ("ns", -9)), digits, plain)


def size(amount: float, *, digits: int = 3, plain: bool = False) -> str:
    """An amount of data [B] with three significant digits and decimal units: "1.25 MB"."""
    return _scaled(amount, (("TB", 12), ("GB", 9), ("MB", 6), ("kB", 3), ("B", 0)), digits, plain)


def number(amount: float, *, digits: int = 3, plain: bool = False) -> str:
    """A measured amount without a unit, three significant digits: "0.0123", "12.5", "1 234"."""
    return _scaled(amount, (("", 0),), digits, plain)


def percent(share: float, *, digits: int = 3, plain: bool = False, signed: bool = False) -> str:
    """A share as per cent, 0.0123 -> "1.23 %"; `signed` writes the plus of a change or margin, zero has no sign."""
    text = _scaled(share * 100, (("%", 0),), digits, plain)
    return f"+{text}" if signed and share > 0 else text


def count(amount: int, *, plain: bool = False) -> str:
    """An exact count in groups of three digits: 89391 -> "89 391"."""
    text = f"{abs(amount):,}".replace(",", " " if plain else NARROW)
    return f"{'-' if plain else MINUS}{text}" if amount < 0 else text


def apart(measured: float, limit: float, render: Renderer = seconds, *, plain: bool = False) -> tuple[str, str]:
    """A measurement and its limit, with enough digits that what is read compares as what was measured.

    The limit is written in full, as its author wrote it; the measurement starts with three significant digits and gets
    more until the two, rounded alike, differ: 0.2997 and 0.3 give ("299.7 ms", "300 ms").
    """
    written = _without_zeros(render(limit, digits=15, plain=plain))
    if measured == limit:
        return written, written
    for digits in range(3, 18):
        text = render(measured, digits=digits, plain=plain)
        if text != render(limit, digits=digits, plain=plain):
            break
    return text, written


def _scaled(amount: float, units: tuple[tuple[str, int], ...], digits: int, plain: bool) -> str:
    """`amount` rounded to `digits` significant digits in the largest of the descending `units` (name, power of ten)."""
    if math.isnan(amount):
        raise UnitError("a measurement is not a number (NaN): it cannot be written")
    space = " " if plain else NARROW
    minus = ("-" if plain else MINUS) if amount < 0 else ""
    if math.isinf(amount):
        return f"{minus}∞"
    if amount == 0:
        name = min(units, key=lambda unit: abs(unit[1]))[0]
        return f"0{space}{name}".rstrip()
    # Rounding comes before the choice of the unit: 0.9996 s is 1.00 s, never 1000 ms.
    rounded = Decimal(f"{abs(amount):.{digits - 1}e}")
    name, power = next((unit for unit in units if rounded >= Decimal(1).scaleb(unit[1])), units[-1])
    value = rounded.scaleb(-power)
    if value >= 1000 and value.adjusted() >= digits:
        # Digits left of the point are written as they are; zeros in their place would be read as measured.
        value = Decimal(round(Fraction(abs(amount)) / Fraction(10) ** power))
    whole, point, fraction = f"{value:f}".partition(".")
    return f"{minus}{count(int(whole), plain=plain)}{point}{fraction}{space}{name}".rstrip()


def _without_zeros(text: str) -> str:
    return re.sub(r"(\.[0-9]*?)0+(?![0-9])", lambda found: found[1].rstrip("."), text)


def _finite(amount: float) -> None:
    if not math.isfinite(amount):
        raise UnitError(f"a duration of {amount} s cannot be written: it is not finite")
