"""Logging in by SASL and TLS on a real broker; what goes wrong is said without the secret."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.certificates import Authority
from helpers.token_server import TokenServer, token_server

from deploy.broker import LocalKafka
from deploy.broker_settings import BrokerSecurity
from streams.kafka.admin import TopicPlan, check_topics, create_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.errors import KafkaError
from streams.kafka.sender import TransactionalSender, read_back
from streams.kafka.settings import KafkaSettings
from streams.messages import Record

pytestmark = pytest.mark.kafka_local
USER, PASSWORD = "venue", "c0rrect-horse-battery"
WRONG = "wr0ng-horse-battery"
CLIENT_SECRET = "s3cret-of-the-client"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with token_server("client-1", CLIENT_SECRET) as server:
        yield server


@pytest.fixture(scope="module")
def broker(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, tokens: TokenServer
) -> Iterator[LocalKafka]:
    directory = tmp_path_factory.mktemp("secured")
    certificate, key = authority.issue("broker", "IP:127.0.0.1,DNS:localhost")
    keystore = directory / "broker.pem"
    keystore.write_text(key.read_text() + certificate.read_text())
    security = BrokerSecurity(
        {USER: PASSWORD},
        keystore,
        authority.certificate,
        {
            "sasl.oauthbearer.jwks.endpoint.url": tokens.keys_url,
            "sasl.oauthbearer.expected.audience": "kafka",
        },
    )
    allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={tokens.keys_url}"
    with LocalKafka(directory, security=security, java_options=[allowed]) as local:
        create_topics(KafkaSettings(local.bootstrap), [TopicPlan("flags.v1", 1)])
        yield local


@pytest.fixture
def no_secret_shown(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    shown = caplog.text + "".join(capfd.readouterr())
    assert not [secret for secret in (PASSWORD, WRONG, CLIENT_SECRET) if secret in shown]


def settings(broker: LocalKafka, protocol: str, **options: str | Path) -> KafkaSettings:
    return KafkaSettings(
        broker.addresses(protocol),
        {
            "security.protocol": protocol.lower(),
            **{name.replace("_", "."): str(value) for name, value in options.items()},
        },
    )


def assert_works(settings: KafkaSettings) -> None:
    check_topics(settings, [TopicPlan("flags.v1", 1)])
    sender = TransactionalSender(settings, "login")
    [(partition, offset)] = sender.send([Record("flags.v1", b"hello")])
    assert [m.value for m in read_back(settings, "flags.v1", {partition: offset})] == [b"hello"]


@pytest.mark.usefixtures("no_secret_shown")
@pytest.mark.parametrize(
    ("protocol", "mechanism"),
    [
        ("SASL_PLAINTEXT", "SCRAM-SHA-256"),
        ("SASL_PLAINTEXT", "SCRAM-SHA-512"),
        ("SASL_SSL", "SCRAM-SHA-512"),
        ("SASL_SSL", "PLAIN"),
    ],
)
def test_a_password_logs_in(
    broker: LocalKafka, authority: Authority, protocol: str, mechanism: str
) -> None:
    tls = {"ssl_ca_location": authority.certificate} if protocol == "SASL_SSL" else {}
    login = {"sasl_mechanism": mechanism, "sasl_username": USER, "sasl_password": PASSWORD}
    assert_works(settings(broker, protocol, **tls, **login))


@pytest.mark.usefixtures("no_secret_shown")
def test_a_client_certificate_logs_in(broker: LocalKafka, authority: Authority) -> None:
    certificate, key = authority.issue("client", "DNS:client")
    files = {"ssl_certificate_location": certificate, "ssl_key_location": key}
    assert_works(settings(broker, "SSL", ssl_ca_location=authority.certificate, **files))


def oauth(broker: LocalKafka, authority: Authority, url: str, secret: str) -> KafkaSettings:
    return settings(
        broker,
        "SASL_SSL",
        ssl_ca_location=authority.certificate,
        sasl_mechanism="OAUTHBEARER",
        sasl_oauthbearer_method="oidc",
        sasl_oauthbearer_client_id="client-1",
        sasl_oauthbearer_client_secret=secret,
        sasl_oauthbearer_token_endpoint_url=url,
    )


@pytest.mark.usefixtures("no_secret_shown")
def test_a_token_logs_in(broker: LocalKafka, authority: Authority, tokens: TokenServer) -> None:
    assert_works(oauth(broker, authority, tokens.token_url, CLIENT_SECRET))


@pytest.mark.usefixtures("no_secret_shown")
def test_a_refused_client_secret_is_said_without_it(
    broker: LocalKafka, authority: Authority, tokens: TokenServer
) -> None:
    with pytest.raises(KafkaError, match="token") as caught:
        check_topics(oauth(broker, authority, tokens.token_url, WRONG), [])
    assert WRONG not in str(caught.value) + repr(caught.value)


@pytest.mark.usefixtures("no_secret_shown")
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"])
def test_a_wrong_password_is_said_without_it(
    broker: LocalKafka, authority: Authority, mechanism: str
) -> None:
    wrong = settings(
        broker,
        "SASL_SSL",
        ssl_ca_location=authority.certificate,
        sasl_mechanism=mechanism,
        sasl_username=USER,
        sasl_password=WRONG,
    )
    with pytest.raises(KafkaError, match="uthentication failed") as caught:
        PartitionConsumer(wrong, ["flags.v1"], {})
    assert WRONG not in str(caught.value) + repr(caught.value)
    with pytest.raises(KafkaError, match="uthentication failed"):
        TransactionalSender(wrong, "login")


def test_a_broker_that_an_unknown_authority_vouches_for_is_refused(
    broker: LocalKafka, tmp_path: Path
) -> None:
    stranger = Authority.create(tmp_path / "stranger", "Stranger")
    login = {"sasl_mechanism": "PLAIN", "sasl_username": USER, "sasl_password": PASSWORD}
    with pytest.raises(KafkaError, match="certificate verify failed"):
        check_topics(
            settings(broker, "SASL_SSL", ssl_ca_location=stranger.certificate, **login), []
        )


def test_a_listener_with_another_protocol_is_an_error_in_time(broker: LocalKafka) -> None:
    plain = KafkaSettings(broker.addresses("SASL_SSL"))
    with pytest.raises(KafkaError, match=f"^broker {broker.addresses('SASL_SSL')}: "):
        PartitionConsumer(plain, ["flags.v1"], {}, connect_seconds=3)
