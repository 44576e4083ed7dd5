"""Numbers as Kubernetes writes and bounds them: quantities, 32- and 64-bit integers.

A quantity is a decimal number with a suffix: 250m, 1.5, 2k, 64Mi, 1e3. The autoscaler sees it as integer thousandths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isinf, isnan
from typing import Final, Literal

from tonnage.errors import UnitError

MOST_REPLICAS: Final = 2**31 - 1
MOST: Final = 2**63 - 1

Format = Literal["DecimalSI", "BinarySI"]

_EXPONENTS: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {prefix + "i": 1024**power for power, prefix in enumerate("KMGTPE", start=1)}
_QUANTITY: Final = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:([KMGTPE]i)|[eE]([+-]?[0-9]{1,3})|([numkMGTPE]?))")


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount in thousandths, and the form in which the autoscaler reports it."""

    milli: int
    format: Format = "DecimalSI"

    @classmethod
    def of(cls, resource: str, milli: int) -> Quantity:
        """The reported form of a resource: powers of 1024 for memory, of 1000 for all else (horizontal.go)."""
        return cls(milli, "BinarySI" if resource == "memory" else "DecimalSI")

    def __str__(self) -> str:
        if self.milli % 1000:
            return f"{self.milli}m"
        base, suffixes = (1024, ("", *_BINARY)) if self.format == "BinarySI" else (1000, ("", *"kMGTPE"))
        amount, power = self.milli // 1000, 0
        while amount and amount % base == 0 and power + 1 < len(suffixes):
            amount, power = amount // base, power + 1
        return f"{amount}{suffixes[power]}"


def parse_milli(text: str | int | float) -> int:
    """Thousandths of a quantity, rounded away from zero: "250m" = 250, "4" = 4000, "1Ki" = 1024000.

    Raises:
        UnitError: not a quantity, or more than 64 bits of thousandths.
    """
    sign, digits, exponent, binary = _parts(text)
    amount = Fraction(digits) * Fraction(10) ** exponent * binary * 1000
    if amount > MOST:
        raise UnitError(f"quantity {text!r} is more than 64 bits of thousandths can hold")
    return sign * ceil(amount)


def parse_ratio(text: str | int | float) -> float:
    """A quantity as a float, as the controller reads a tolerance.

    Digits times a power of ten, in floating point: "0.3" is 3 * 0.1 and so one ulp above 0.3.

    Raises:
        UnitError: not a quantity.

    Source:
        AsApproximateFloat64 of Kubernetes' quantity.go, which horizontal.go calls for `behavior.*.tolerance`.
    """
    sign, digits, exponent, binary = _parts(text)
    whole, _, decimals = digits.partition(".")
    base, power = float(int(whole + decimals or "0") * binary), exponent - len(decimals)
    return sign * (base * float(f"1e{power}") if power else base)


def quotient(dividend: int, divisor: int) -> int:
    """Integer division that truncates towards zero, as Go's does."""
    share = abs(dividend) // abs(divisor)
    return share if (dividend < 0) == (divisor < 0) else -share


def ceil_replicas(count: float) -> int:
    """⌈count⌉ as a number of replicas, saturating at 2³¹ - 1; what is not a number counts none."""
    if isnan(count):
        return 0
    if isinf(count):
        return MOST_REPLICAS if count > 0 else -MOST_REPLICAS
    return max(-MOST_REPLICAS, min(ceil(count), MOST_REPLICAS))


def _parts(text: str | int | float) -> tuple[int, str, int, int]:
    """Sign, digits, power of ten and power of two of a quantity."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise UnitError(f"quantity {text!r} is neither text nor a number")
    found = _QUANTITY.fullmatch(str(text))
    if found is None:
        raise UnitError(f"quantity {text!r} cannot be read: write it like 250m, 4, 1.5 or 64Mi")
    minus, digits, binary, exponent, suffix = found.groups()
    power = int(exponent) if exponent else _EXPONENTS[suffix or ""]
    return -1 if minus == "-" else 1, digits, power, _BINARY[binary] if binary else 1
