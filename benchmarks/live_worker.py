"""The benchmark of the live worker on a real broker; writes its section of docs/performance.md.

In one run: a bare consumer and the worker on the same topics of orders, as JSON and as Arrow; then
how long flags take at shares of the rate that was found.
"""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.live_page import FormResult, LatencyResult, live_section
from benchmarks.live_topics import fill_topics
from benchmarks.measure import run_module
from benchmarks.sections import write_section
from deploy.broker import LocalKafka
from streams.codec import ContentType
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics
from surveillance.live.settings import LiveSettings

LOADS = (0.1, 0.5, 0.9)


def main(arguments: list[str] | None = None) -> None:
    """Measure everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=3, help="the median of so many counts")
    parser.add_argument("--seconds", type=float, default=100.0, help="of orders at each load")
    parser.add_argument("--history", type=float, default=660.0, help="seconds before each load")
    parser.add_argument("--page", type=Path, default=Path("docs/performance.md"))
    parser.add_argument(
        "--datasets",
        type=Path,
        default=Path(tempfile.gettempdir()) / "surveillance-benchmark",
        help="where simulated datasets are kept between runs",
    )
    given = parser.parse_args(arguments)
    built = run_module(
        *("benchmarks.market", str(given.datasets), str(given.accounts), str(given.orders))
    )
    dataset = Path(built.answer[str(given.orders)])
    with (
        tempfile.TemporaryDirectory(prefix="surveillance-benchmark-") as directory,
        LocalKafka(Path(directory)) as kafka,
    ):
        forms = [
            _measure(kafka.bootstrap, dataset, form, given.repeats)
            for form in (ContentType.JSON, ContentType.ARROW)
        ]
        latencies = [
            _latency(kafka.bootstrap, load, forms[0].worker_rate, given.seconds, given.history)
            for load in LOADS
        ]
    text = live_section(
        *forms,
        latencies,
        n_cores=os.cpu_count() or 1,
        n_accounts=given.accounts,
        lateness_s=LiveSettings().allowed_lateness_s,
    )
    write_section(given.page, "live", text)
    print(text)


def _measure(bootstrap: str, dataset: Path, form: ContentType, repeats: int) -> FormResult:
    name = form.name.lower()
    prefix = f"{name}."
    n_orders = fill_topics(dataset, KafkaSettings(bootstrap), Topics(prefix), form)
    bare, worker = (
        [run_module("benchmarks.live_rate", what, bootstrap, prefix).answer for _ in range(repeats)]
        for what in ("bare", "worker")
    )
    middle = sorted(worker, key=lambda run: float(run["seconds"]))[len(worker) // 2]
    return FormResult(
        name="JSON, an order a message" if form is ContentType.JSON else "Arrow, 1,000 a message",
        n_orders=n_orders,
        bare_s=[float(run["seconds"]) for run in bare],
        worker_s=[float(run["seconds"]) for run in worker],
        stages_s=middle["stages"],
    )


def _latency(
    bootstrap: str, load: float, full_rate: float, seconds: float, history: float
) -> LatencyResult:
    prefix, rate = f"latency-{round(100 * load)}.", load * full_rate
    numbers = map(str, (rate, seconds, history))
    run = run_module("benchmarks.live_latency", bootstrap, prefix, *numbers)
    return LatencyResult(load, rate, float(run.answer["rate"]), run.answer["latencies_s"])


if __name__ == "__main__":
    main()
