"""A local Apache Kafka cluster (KRaft, no Docker) on free loopback ports.

`python -m deploy.broker` runs one until Ctrl-C; the tests use the same class. Its brokers end with
the process that started them, also when that one is killed (where `setpriv` exists).
"""

import argparse
import base64
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from deploy.broker_settings import BrokerPlan, BrokerSecurity, plan_brokers
from deploy.kafka_jars import KAFKA_VERSION, BrokerStartError, fetch_jars
from streams.kafka.admin import create_topics, plan_copier_topics, plan_topics
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics

_LOG_SETTINGS = Path(__file__).parent / "kafka" / "log4j2.properties"
_STARTED = "Kafka Server started"
_START_SECONDS = 90
_STOP_SECONDS = 20
# The first compiler alone and one collector thread: starts in two seconds on two cores.
_JAVA_OPTIONS = ("-Xms128m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class LocalKafka:
    """A cluster of brokers on this machine; a context manager that starts and ends it.

    Parameters
    ----------
    directory : Path
        Holds the brokers' data, settings and logs (`broker-1.log`).
    n_brokers : int
        1, or 3 for tests of failover. Topics are replicated to all of them.
    security : BrokerSecurity or None
        Users and certificate; opens a `SASL_PLAINTEXT`, a `SASL_SSL` and an `SSL` listener.
    first_port : int or None
        Port of the first broker's open listener; None takes any free ones.
    java_options : sequence of str
        Further options of the Java machine.
    """

    def __init__(
        self,
        directory: Path,
        n_brokers: int = 1,
        security: BrokerSecurity | None = None,
        first_port: int | None = None,
        java_options: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        self.plans = plan_brokers(directory, n_brokers, security, first_port)
        self._security = security
        self._java_options = (*_JAVA_OPTIONS, *java_options)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "LocalKafka":
        jars = fetch_jars()
        self._java = [
            *ends_with_parent(),
            "java",
            *self._java_options,
            f"-Dlog4j2.configurationFile={_LOG_SETTINGS}",
            "-cp",
            f"{jars}/*",
        ]
        try:
            self._format()
            for plan in self.plans:
                self._launch(plan)
            for plan in self.plans:
                self._wait_until_started(plan.node_id)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """Addresses of the open listeners."""
        return self.addresses("PLAINTEXT")

    def addresses(self, protocol: str) -> str:
        """Return the addresses of the listeners of one protocol, as `bootstrap.servers` wants."""
        return ",".join(f"127.0.0.1:{plan.ports[protocol]}" for plan in self.plans)

    def log(self, node_id: int) -> str:
        """Return what a broker has logged."""
        return self._log_file(node_id).read_text(errors="replace")

    def kill(self, node_id: int) -> None:
        """End a broker at once, as a power cut would (SIGKILL)."""
        process = self._processes.pop(node_id)
        process.kill()
        process.wait()

    def restart(self, node_id: int) -> None:
        """Start a broker that was killed, on its old data and ports; returns when it serves."""
        self._launch(self.plans[node_id - 1])
        self._wait_until_started(node_id)

    def pause(self, node_id: int) -> None:
        """Let a broker lie still: its connections stay open, nothing answers (SIGSTOP)."""
        self._processes[node_id].send_signal(signal.SIGSTOP)

    def resume(self, node_id: int) -> None:
        """Let a paused broker go on (SIGCONT)."""
        self._processes[node_id].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop all brokers, cleanly where they answer in time."""
        for process in self._processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def _format(self) -> None:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        scram = self._security.scram_arguments() if self._security else []
        for plan in self.plans:
            plan.write()
            # An id may begin with a hyphen and must not stand alone then.
            arguments = [f"--cluster-id={cluster_id}", f"--config={plan.file}", *scram]
            run = subprocess.run(
                [*self._java, "kafka.tools.StorageTool", "format", *arguments],
                capture_output=True,
                text=True,
            )
            if run.returncode:
                raise BrokerStartError(f"cannot prepare {plan.file}: {run.stderr[-2000:]}")

    def _launch(self, plan: BrokerPlan) -> None:
        with self._log_file(plan.node_id).open("wb") as log:
            self._processes[plan.node_id] = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(plan.file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C on the terminal is ours to pass on
            )

    def _wait_until_started(self, node_id: int) -> None:
        process = self._processes[node_id]
        deadline = time.monotonic() + _START_SECONDS
        while _STARTED not in self.log(node_id):
            if process.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(self.log(node_id).splitlines()[-15:])
                raise BrokerStartError(f"broker {node_id} did not start:\n{tail}")
            time.sleep(0.05)

    def _log_file(self, node_id: int) -> Path:
        return self.directory / f"broker-{node_id}.log"


def ends_with_parent() -> list[str]:
    """Return what to put before a command so that it is killed when this process is gone."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def main() -> None:
    """Run a cluster with the topics of the contract until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m deploy.broker", description=main.__doc__)
    parser.add_argument("--port", type=int, default=9092, help="of the first broker")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--directory", type=Path, help="keep the data here; default: none is kept")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background ignores interrupts
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as temporary, suppress(KeyboardInterrupt):
        directory = options.directory or Path(temporary)
        try:
            with LocalKafka(directory, options.brokers, first_port=options.port) as kafka:
                create_topics(
                    KafkaSettings(kafka.bootstrap),
                    [*plan_topics(Topics()), *plan_copier_topics(Topics())],
                )
                print(f"Apache Kafka {KAFKA_VERSION} at {kafka.bootstrap}; Ctrl-C stops it")
                sys.stdout.flush()
                signal.pause()
        except BrokerStartError as error:
            parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
