"""Thresholds of further evidence, each with its reason; a part of `models.params`."""

from dataclasses import dataclass

from models.errors import ParameterError


@dataclass(frozen=True, slots=True)
class CorroborationParams:
    """Further evidence: exits, cancels, replaces, stops and sizes (docs/method.md, 5)."""

    repeated_share: float = 0.3
    """a: a copier repeats at least this share, as `external_fidelity` asks: a miss costs little,
    people leave much out."""
    least_chance: float = 0.05
    """c: no single repetition is taken for rarer by chance, since shifted times see habits and
    no public trigger: it counts a factor of 6.7 at most."""
    most_log10_lr: float = 2.0
    """No kind counts for more than a factor of 100, either way: its events are dependent."""
    min_events: int = 5
    """Fewer events of the source say nothing, nor does a follower with fewer of that kind."""
    stop_tolerance_ticks: int = 2
    """Stops as near as this are one: software rounds, and the price moves while it copies."""
    rolls: int = 8
    """Chance pairs a stop or a size with those of so many episodes before, at the prices of the
    same hour."""
    reason_log10_lr: float = 0.5
    """A kind is named among the reasons from a factor of three on."""

    def __post_init__(self) -> None:
        for name in ("repeated_share", "least_chance"):
            if not 0 < getattr(self, name) < 1:
                raise ParameterError(f"{name} must lie between 0 and 1, was {getattr(self, name)}")
        for name in ("min_events", "rolls"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name} must be at least 1, was {getattr(self, name)}")
