"""A producer that goes on sending numbers in a thread and notes which were acknowledged."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, Message, Producer

from streams.kafka.settings import KafkaSettings

_MAX_WAITING = 50_000  # messages; an outage must not fill the client's queue


class Load:
    """What was acknowledged so far, by partition and offset, and when the last one was."""

    def __init__(self) -> None:
        self.acknowledged: dict[tuple[int, int], bytes] = {}
        self.failures: list[str] = []
        self.last_time = time.monotonic()
        self.longest_gap_s = 0.0

    def wait_for_more(self, n_messages: int = 500, patience_s: float = 60) -> None:
        """Return when so many more were acknowledged."""
        target = len(self.acknowledged) + n_messages
        deadline = time.monotonic() + patience_s
        while len(self.acknowledged) < target:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} of {target}"
            threading.Event().wait(0.01)

    def note(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failures.append(error.str())
            return
        now = time.monotonic()
        self.longest_gap_s = max(self.longest_gap_s, now - self.last_time)
        self.last_time = now
        self.acknowledged[message.partition(), message.offset()] = message.value()


@contextmanager
def load(settings: KafkaSettings, topic: str) -> Iterator[Load]:
    """Send about 5,000 numbers a second until the block ends, then wait for the last of them."""
    seen, ended = Load(), threading.Event()
    producer = Producer(
        {**settings.client_options(), "enable.idempotence": True, "linger.ms": 5},
        logger=None,
    )

    def send() -> None:
        for number in itertools.count():
            value, key = b"%d" % number, b"%d" % (number % 7)
            producer.produce(topic, value, key, on_delivery=seen.note)
            while len(producer) > _MAX_WAITING and not ended.is_set():
                producer.poll(0.1)
            if number % 50 == 0:
                producer.poll(0)
                if ended.wait(0.01):
                    return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
        assert producer.flush(120) == 0
