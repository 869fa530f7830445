"""What Kafka refuses or what is wrong with a topic, as errors of this package."""

from streams.errors import StreamError
from streams.text import printable

_MAX_RULE_CHARACTERS = 400


class KafkaError(StreamError):
    """A broker, topic or setting that stops the work.

    Parameters
    ----------
    thing : str
        What it is about ("topic orders.v1", "broker 127.0.0.1:9092").
    rule : str
        What it must be, or what went wrong; continues a sentence. Holds no secret.
    """

    def __init__(self, thing: str, rule: str) -> None:
        super().__init__(thing, rule)
        self.thing = thing
        self.rule = rule

    def __str__(self) -> str:
        return f"{printable(self.thing, 300)}: {printable(self.rule, _MAX_RULE_CHARACTERS)}"


class FencedError(KafkaError):
    """A newer sender with the same transactional id has taken over; this one must end."""
