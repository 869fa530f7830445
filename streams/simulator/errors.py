"""Errors of the market simulator.

One leaf under the package's root: the command line prints its message as one line.
"""

from streams.errors import StreamError
from streams.text import printable


class SimulationError(StreamError):
    """A market that cannot be simulated as asked.

    Parameters
    ----------
    argument : str
        The argument of `simulate` that was refused.
    rule : str
        What it must satisfy.
    value : object
        What it was.
    """

    def __init__(self, argument: str, rule: str, value: object) -> None:
        # All three go to args, so that the error survives a process boundary.
        super().__init__(argument, rule, value)
        self.argument = argument
        self.rule = rule
        self.value = value

    def __str__(self) -> str:
        return f"{self.argument} {self.rule}, was {printable(repr(self.value))}"
