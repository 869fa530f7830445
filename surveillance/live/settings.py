"""What an operator chooses about a live stream."""

from dataclasses import dataclass

from surveillance.errors import SettingsError

SECOND_NS = 1_000_000_000
_POSITIVE = (
    "silent_s",
    "memory_s",
    "close_every_s",
    "idle_s",
    "messages_a_step",
    "snapshot_events",
    "partitions",
)


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Choices about a stream; times in seconds.

    Attributes
    ----------
    stream : str
        Its name, in the store and in what is published.
    allowed_lateness_s : float
        How far an event may lag behind the newest of its firm and partition.
    silent_s : float
        A firm this far behind the newest event of its partition holds nobody up.
    memory_s : float
        Repeats are known, and provisional judgements look back, this long in event time.
    close_every_s : float
        Closed time is judged whenever event time passes a multiple of it.
    idle_s : float
        A partition read to its end holds nobody up after this long without news (wall clock).
    clock_ahead_s : float
        An event further ahead of the wall clock is a dead letter.
    n_accounts : int
        Accounts that the threshold of provisional flags pays for.
    messages_a_step : int
        Most messages of one step.
    snapshot_events : int
        After so many judged events the detector's state is saved; a start judges about as many
        again.
    partitions : int
        Of the topics of orders and sessions; others are refused.
    """

    stream: str = "live"
    allowed_lateness_s: float = 0.5
    silent_s: float = 60.0
    memory_s: float = 3 * 86_400.0
    close_every_s: float = 3_600.0
    idle_s: float = 2.0
    clock_ahead_s: float = 60.0
    n_accounts: int = 10_000
    messages_a_step: int = 20_000
    snapshot_events: int = 1_000_000
    partitions: int = 4

    def __post_init__(self) -> None:
        problems = [
            f"{name} must be greater than 0, was {getattr(self, name)}"
            for name in _POSITIVE
            if getattr(self, name) <= 0
        ]
        if self.allowed_lateness_s < 0:
            problems.append(f"allowed_lateness_s must be at least 0, was {self.allowed_lateness_s}")
        if self.n_accounts < 2:
            problems.append(f"n_accounts must be at least 2, was {self.n_accounts}")
        if not self.stream:
            problems.append("stream must have a name")
        if problems:
            raise SettingsError(problems)


def nanoseconds(seconds: float) -> int:
    """Return a time in nanoseconds."""
    return round(seconds * SECOND_NS)
