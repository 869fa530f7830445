"""librdkafka's mock cluster, from the library inside the client's own wheel, with its faults.

It knows no transactions' isolation, no CreateTopics and no compaction, and needs no Java.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import confluent_kafka

from streams.kafka.admin import TopicPlan

FETCH, LIST_OFFSETS, PRODUCE = 1, 2, 0  # numbers of the requests in Kafka's protocol
_PRODUCER = 0
_SIGNATURES = {
    "rd_kafka_new": (ctypes.c_void_p, [ctypes.c_int] + [ctypes.c_void_p] * 2 + [ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [ctypes.c_void_p]),
    "rd_kafka_mock_cluster_new": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "rd_kafka_mock_cluster_destroy": (None, [ctypes.c_void_p]),
    "rd_kafka_mock_cluster_bootstraps": (ctypes.c_char_p, [ctypes.c_void_p]),
    "rd_kafka_mock_topic_create": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int],
    ),
    "rd_kafka_mock_broker_set_down": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_up": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_rtt": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int],
    ),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        [ctypes.c_void_p, ctypes.c_int16, ctypes.c_size_t, ctypes.c_void_p],
    ),
}


class MockCluster:
    """Brokers inside this process and what can be done to them."""

    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self._library = library
        self._handle = handle
        self.bootstrap = str(library.rd_kafka_mock_cluster_bootstraps(handle), "ascii")

    def create(self, *plans: TopicPlan) -> None:
        for plan in plans:
            name = plan.name.encode()
            assert not self._library.rd_kafka_mock_topic_create(
                self._handle, name, plan.n_partitions, 1
            )

    def set_down(self, broker: int) -> None:
        self._library.rd_kafka_mock_broker_set_down(self._handle, broker)

    def set_up(self, broker: int) -> None:
        self._library.rd_kafka_mock_broker_set_up(self._handle, broker)

    def set_round_trip(self, broker: int, milliseconds: int) -> None:
        self._library.rd_kafka_mock_broker_set_rtt(self._handle, broker, milliseconds)

    def fail(self, request: int, *codes: int) -> None:
        """Answer the next requests of one kind with these error codes."""
        errors = (ctypes.c_int * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._handle, request, len(codes), errors
        )


@contextmanager
def mock_cluster(n_brokers: int = 1) -> Iterator[MockCluster]:
    library = _library()
    client = library.rd_kafka_new(_PRODUCER, None, None, 0)
    handle = library.rd_kafka_mock_cluster_new(client, n_brokers)
    try:
        yield MockCluster(library, handle)
    finally:
        library.rd_kafka_mock_cluster_destroy(handle)
        library.rd_kafka_destroy(client)


def _library() -> ctypes.CDLL:
    wheel = Path(confluent_kafka.__file__).parent
    [path] = wheel.with_name("confluent_kafka.libs").glob("librdkafka*")
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
