"""The demo live: a market replayed through Apache Kafka, judged while it runs, shown on the desk.

`python -m deploy.demo` (`make demo-kafka`) runs broker, worker, desk and producer, each as a
process of its own, until Ctrl-C. Store and topics live in a temporary directory and end with it.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from deploy.broker import LocalKafka, ends_with_parent
from deploy.kafka_jars import BrokerStartError
from streams.kafka.admin import create_topics, plan_topics
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics

_CLOSE_EVERY_S = 4 * 3_600  # of event time
_ON_ITS_WAY_S = 0.02  # an event may come so much after others, in seconds of the wall clock
_LOOK_EVERY_S = 0.2
_STOP_SECONDS = 20


class ProcessEndedError(Exception):
    """A part of the demo ended by itself."""


@contextmanager
def _running(name: str, arguments: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command of the program in the background; complaints go to the log."""
    with log.open("wb") as complaints:
        process = subprocess.Popen(
            [*ends_with_parent(), sys.executable, "-m", "surveillance", name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=None if name == "serve" else complaints,  # the desk says where it is
            stderr=complaints,
            start_new_session=True,  # Ctrl-C on the terminal is ours to pass on
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run_demo(
    directory: Path, *, accounts: int, days: int, seed: int, speed: float, port: int
) -> None:
    """Run everything until a signal raises `KeyboardInterrupt`.

    Parameters
    ----------
    directory : Path
        Holds dataset, store, the broker's data and logs.
    accounts, days, seed : int
        Of the simulated market.
    speed : float
        Event seconds a second.
    port : int
        Of the desk; 0 for a free one.

    Raises
    ------
    ProcessEndedError
        If worker, desk or producer fail.
    BrokerStartError
        If the broker does not start.
    """
    dataset, store = directory / "market", f"sqlite:///{directory / 'store.db'}"
    print(f"Simulating {accounts:,} accounts over {days} days, starting the broker", flush=True)
    market = ("--scenario", "full", "--accounts", accounts, "--days", days, "--seed", seed)
    with (
        _running("simulate", [str(dataset), *map(str, market)], directory / "simulate.log") as made,
        LocalKafka(directory / "kafka") as kafka,
    ):
        create_topics(KafkaSettings(kafka.bootstrap), plan_topics(Topics()))
        if made.wait():
            raise ProcessEndedError(_last_words("simulate", directory))
        broker = ["--kafka", kafka.bootstrap]
        lateness = ["--allowed-lateness", str(_ON_ITS_WAY_S * speed)]
        closing = ["--close-every", str(_CLOSE_EVERY_S), "--accounts", str(accounts)]
        commands = {
            "serve": ["--port", str(port), "--store", store],
            "run": [*broker, *lateness, *closing, "--store", store],
            "produce": [str(dataset), *broker, "--speed", f"{speed:f}x"],
        }
        with (
            _running("serve", commands["serve"], directory / "serve.log") as desk,
            _running("run", commands["run"], directory / "run.log") as worker,
            _running("produce", commands["produce"], directory / "produce.log") as producer,
        ):
            print(f"Replaying the market at {speed:g} times its speed; Ctrl-C stops it", flush=True)
            _watch({"serve": desk, "run": worker, "produce": producer}, directory)


def _watch(parts: "dict[str, subprocess.Popen[bytes]]", directory: Path) -> None:
    """Return never: the producer may end, the others must not."""
    while True:
        time.sleep(_LOOK_EVERY_S)
        for name, process in list(parts.items()):
            if process.poll() is None:
                continue
            if name != "produce" or process.returncode:
                raise ProcessEndedError(_last_words(name, directory))
            del parts[name]
            print("Everything is sent; the desk stays until Ctrl-C", flush=True)


def _last_words(name: str, directory: Path) -> str:
    lines = (directory / f"{name}.log").read_text(errors="replace").splitlines()
    return "\n".join([f"surveillance {name} ended:", *lines[-15:]])


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the demo through a local Apache Kafka until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=main.__doc__)
    parser.add_argument("--accounts", type=int, default=3_000, help="of the market")
    parser.add_argument("--days", type=int, default=3, help="trading days")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=600.0, help="times the market's own")
    parser.add_argument("--port", type=int, default=8000, help="of the desk")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="surveillance-") as directory:
            run_demo(Path(directory), **vars(given))
    except (BrokerStartError, ProcessEndedError) as error:
        parser.exit(1, f"{error}\n")
    except KeyboardInterrupt:
        pass  # the way it ends


if __name__ == "__main__":
    main()
