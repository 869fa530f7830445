"""What all clients of the cluster have in common: configuration, noted errors, first contact."""

import logging
from typing import Any, Protocol

from confluent_kafka import KafkaError as ClientError
from confluent_kafka import KafkaException
from confluent_kafka.admin._metadata import ClusterMetadata

from streams.kafka.deadline import Deadline
from streams.kafka.errors import FencedError, KafkaError
from streams.kafka.settings import KafkaSettings

CONNECT_SECONDS = 15.0
NEW_TOPIC_MILLISECONDS = 5000
"""How long a producer takes a topic that is not there for one that is just being made."""

_SLICE_SECONDS = 1.0
_LOG = logging.getLogger(__name__)
_REFUSALS = frozenset(
    {
        ClientError._AUTHENTICATION,
        ClientError._SSL,
        ClientError.SASL_AUTHENTICATION_FAILED,
        ClientError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
_FENCINGS = frozenset(
    {
        ClientError._FENCED,
        ClientError.INVALID_PRODUCER_EPOCH,
        ClientError.PRODUCER_FENCED,
    }
)


class _NoRetries(logging.Filter):
    """Drops the line that librdkafka writes for every attempt: `Connection` says it once."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("FAIL ")


_LOG.addFilter(_NoRetries())


class Client(Protocol):
    """A producer, consumer or admin client of librdkafka."""

    def poll(self, timeout: float) -> object:
        """Serve callbacks."""

    def list_topics(self, *, timeout: float) -> ClusterMetadata:
        """Ask for the metadata of the cluster."""


class Connection:
    """The errors that a client reports by itself while it goes on trying."""

    def __init__(self, settings: KafkaSettings, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._connect_seconds = connect_seconds
        self.settings = settings
        self.last_error: str | None = None
        self._refusal: str | None = None
        self._fatal: KafkaError | None = None

    def configuration(self, **options: object) -> dict[str, Any]:
        """Return a client's configuration; an underscore in a name stands for a dot."""
        return {
            **self.settings.client_options(),
            "error_cb": self._note,
            "logger": _LOG,
            "log.connection.close": False,
            # An outage is tried again at once and then every second, not every ten.
            "reconnect.backoff.max.ms": 1000,
            **{name.replace("_", "."): value for name, value in options.items()},
        }

    def metadata(self, client: Client, *, is_reading: bool = False) -> ClusterMetadata:
        """Return the topics of the cluster.

        Parameters
        ----------
        client : Client
            Who asks.
        is_reading : bool
            The client is a consumer with partitions: its `poll` would take a message away, so
            what it reports waits for the caller's next poll.

        Raises
        ------
        KafkaError
            If the cluster refuses the login or does not answer in time; says why.
        """
        deadline = Deadline(self._connect_seconds)
        while True:
            self._serve(client, is_reading)
            self.raise_if_fatal()
            try:
                return client.list_topics(timeout=_SLICE_SECONDS)
            except KafkaException as error:
                self._serve(client, is_reading)  # brings the reason to _note
                reason = self._refusal or self.last_error or self.text(error.args[0])
                if self._refusal or deadline.is_over:
                    raise KafkaError(f"broker {self.settings.bootstrap}", reason) from None

    def _serve(self, client: Client, is_reading: bool) -> None:
        if not is_reading:
            client.poll(0)

    def raise_if_fatal(self) -> None:
        """Raise the error after which the client is of no use any more, if there was one."""
        if self._fatal:
            raise self._fatal

    def error(self, thing: str, error: ClientError) -> KafkaError:
        """Return an error of the client library as one of this package."""
        kind = FencedError if error.code() in _FENCINGS else KafkaError
        return kind(thing, self.text(error))

    def text(self, error: ClientError) -> str:
        """Return what the client library says, without the secrets."""
        return self.settings.masked(error.str())

    def recovered(self) -> None:
        """Forget the last error: the cluster answers."""
        if self.last_error:
            _LOG.info("broker %s answers again", self.settings.bootstrap)
            self.last_error = None

    def _note(self, error: ClientError) -> None:
        if self.last_error is None:
            _LOG.warning("broker %s: %s", self.settings.bootstrap, self.text(error))
        self.last_error = self.text(error)
        if error.code() in _REFUSALS:
            self._refusal = self.last_error
        if error.fatal():
            self._fatal = self.error(f"broker {self.settings.bootstrap}", error)
