"""Thresholds of the label-exchange test, each with its reason; a part of `models.params`."""

from dataclasses import dataclass

from models.errors import ParameterError

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class LabelExchangeParams:
    """The second test of a group that was found (docs/method.md, 5)."""

    windows_ns: tuple[int, ...] = (_SECOND_NS, 10 * _SECOND_NS, 120 * _SECOND_NS)
    """How near the source counts: software, people, the look-back. Fixed, never fitted to the
    pair, or the test would be chosen by what it tests."""
    weights: tuple[float, ...] = (2.0, 5.0, 20.0)
    """w: a copier is so many times likelier than others to be the one who acts there."""
    bin_ns: int = 600 * _SECOND_NS
    """Labels are exchanged within so much time: sessions and time of day stay fixed."""
    support_log10_e: float = 1.3
    """From E = 20 on it supports acting together: by Markov's inequality one chance in 20."""
    most_log10_e: float = 6.0
    """It says no more than this: the group was chosen by the same orders."""

    def __post_init__(self) -> None:
        if not self.windows_ns or min(self.windows_ns) < 1 or self.bin_ns < 1:
            raise ParameterError("windows_ns and bin_ns must be at least 1 ns")
        if not self.weights or min(self.weights) <= 1:
            raise ParameterError(f"weights must be above 1, were {self.weights}")
        if not 0 < self.support_log10_e <= self.most_log10_e:
            raise ParameterError("support_log10_e must lie between 0 and most_log10_e")
