"""What an operator chooses about a running copier."""

from dataclasses import dataclass

from surveillance.errors import SettingsError


@dataclass(frozen=True, slots=True)
class CopySettings:
    """Choices about a copier; times in seconds.

    Attributes
    ----------
    tick_s : float
        The copier is told the time, and people its state, so often.
    check_s : float
        Owners and declarations are looked at again so often.
    clock_ahead_s : float
        An event further ahead of the wall clock is refused.
    messages_a_step : int
        Most messages of one step.
    snapshot_inputs : int
        After so many inputs the copier's state is saved; a start takes about as many again.
    partitions : int
        Of the topics of orders, copies and reports of accounts; others are refused.
    """

    tick_s: float = 1.0
    check_s: float = 60.0
    clock_ahead_s: float = 60.0
    messages_a_step: int = 5_000
    snapshot_inputs: int = 2_000
    partitions: int = 4

    def __post_init__(self) -> None:
        problems = [
            f"{name} must be greater than 0, was {getattr(self, name)}"
            for name in self.__slots__
            if getattr(self, name) <= 0
        ]
        if problems:
            raise SettingsError(problems)
