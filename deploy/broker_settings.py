"""Settings of the local brokers: ports, listeners, users, replication."""

import random
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Below the range from which systems take the ports of outgoing connections: a killed broker must
# find its port free when it comes back.
_PORTS = range(20_000, 32_000)
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
_OAUTH_PACKAGE = "org.apache.kafka.common.security.oauthbearer"
_CONTROLLER = "CONTROLLER"
_OPEN = "PLAINTEXT"


@dataclass(frozen=True, slots=True)
class BrokerSecurity:
    """Who may log in at the listeners for clients, and the broker's certificate.

    Attributes
    ----------
    passwords : mapping of str to str
        By user; for PLAIN and both SCRAM mechanisms.
    certificate : Path
        PEM file: the private key (PKCS 8), the certificate, its chain.
    authority : Path
        PEM file: who signs the certificates of clients.
    oauth : mapping of str to str
        Settings of the OAUTHBEARER validator (`sasl.oauthbearer.*`); without any, unsigned tokens
        are taken, for tests only.
    """

    passwords: Mapping[str, str]
    certificate: Path
    authority: Path
    oauth: Mapping[str, str]

    def scram_arguments(self) -> list[str]:
        """Return the arguments of the storage tool that make the SCRAM users."""
        return [
            argument
            for user, password in self.passwords.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for argument in ("--add-scram", f"{mechanism}=[name={user},password={password}]")
        ]

    def settings(self) -> dict[str, str]:
        """Return the settings of the listeners `SASL_PLAINTEXT`, `SASL_SSL` and `SSL`."""
        settings = {
            "sasl.enabled.mechanisms": ",".join(_MECHANISMS),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.certificate),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority),
            "listener.name.ssl.ssl.client.auth": "required",
        }
        for listener in ("sasl_plaintext", "sasl_ssl"):
            settings |= {
                f"listener.name.{listener}.{name}": value for name, value in self._logins().items()
            }
        return settings

    def _logins(self) -> dict[str, str]:
        users = " ".join(f'user_{user}="{password}"' for user, password in self.passwords.items())
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
        bearer = f"{_OAUTH_PACKAGE}.OAuthBearerLoginModule"
        unsigned = (
            f"{_OAUTH_PACKAGE}.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler"
        )
        validator = f"{_OAUTH_PACKAGE}.OAuthBearerValidatorCallbackHandler"
        return {
            "plain.sasl.jaas.config": f"{plain} required {users};",
            "scram-sha-256.sasl.jaas.config": f"{scram} required;",
            "scram-sha-512.sasl.jaas.config": f"{scram} required;",
            "oauthbearer.sasl.jaas.config": f'{bearer} required unsecuredLoginStringClaim_sub="x";',
            "oauthbearer.sasl.server.callback.handler.class": validator if self.oauth else unsigned,
            **{f"oauthbearer.{name}": value for name, value in self.oauth.items()},
        }


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """One broker: its number from 1, its settings file and what stands in it, port by listener."""

    node_id: int
    file: Path
    ports: Mapping[str, int]
    settings: Mapping[str, str]

    def write(self) -> None:
        """Write the settings file, readable by this user alone: it may hold passwords."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.touch(mode=0o600)
        lines = [f"{name}={value}\n" for name, value in self.settings.items()]
        self.file.write_text("".join(lines))


def plan_brokers(
    directory: Path, n_brokers: int, security: BrokerSecurity | None, first_port: int | None
) -> tuple[BrokerPlan, ...]:
    """Choose ports and settings of every broker of a cluster."""
    protocols = [_OPEN, *(("SASL_PLAINTEXT", "SASL_SSL", "SSL") if security else ())]
    listeners = [*protocols, _CONTROLLER]
    free = iter(_free_ports(len(listeners) * n_brokers))
    ports = [{name: next(free) for name in listeners} for _ in range(n_brokers)]
    if first_port is not None:
        for number, port_of in enumerate(ports):
            port_of[_OPEN] = first_port + number
    voters = ",".join(
        f"{number}@127.0.0.1:{port_of[_CONTROLLER]}" for number, port_of in enumerate(ports, 1)
    )
    shared = {
        **_cluster_settings(n_brokers),
        "controller.quorum.voters": voters,
        "listener.security.protocol.map": ",".join(
            [*(f"{name}:{name}" for name in protocols), f"{_CONTROLLER}:PLAINTEXT"]
        ),
        **(security.settings() if security else {}),
    }
    return tuple(
        BrokerPlan(
            node_id=number,
            file=directory / f"broker-{number}.properties",
            ports=port_of,
            settings={
                **shared,
                "node.id": str(number),
                "log.dirs": str(directory / f"data-{number}"),
                "listeners": ",".join(f"{name}://127.0.0.1:{port_of[name]}" for name in listeners),
            },
        )
        for number, port_of in enumerate(ports, 1)
    )


def _cluster_settings(n_brokers: int) -> dict[str, str]:
    in_sync = str(max(1, n_brokers - 1))
    return {
        "process.roles": "broker,controller",
        "controller.listener.names": _CONTROLLER,
        "inter.broker.listener.name": _OPEN,
        "auto.create.topics.enable": "false",
        "default.replication.factor": str(n_brokers),
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": str(n_brokers),
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": str(n_brokers),
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": str(n_brokers),
        "share.coordinator.state.topic.min.isr": in_sync,
        "group.initial.rebalance.delay.ms": "0",
        "message.max.bytes": str(_MAX_MESSAGE_BYTES),
        "replica.fetch.max.bytes": str(_MAX_MESSAGE_BYTES),
        "socket.request.max.bytes": str(2 * _MAX_MESSAGE_BYTES),
        # A killed leader is replaced after this long; clients see an outage of about as much.
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "1000",
        "log.cleaner.dedupe.buffer.size": "16777216",
        "controlled.shutdown.enable": "true" if n_brokers > 1 else "false",
    }


def _free_ports(n_ports: int) -> Sequence[int]:
    ports: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                ports.append(port)
        if len(ports) == n_ports:
            break
    return ports
