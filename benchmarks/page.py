"""The scan's section of docs/performance.md: its tables and what they say about its aims."""

from dataclasses import dataclass

from benchmarks.measure import Measurement
from models.params import DetectionParams

BUCKETS_S = (1, 60)
AIM_CORE_ORDERS_A_SECOND = 400_000
AIM_GROWTH = 1.3
AIM_PEAK_BYTES = 2 * 10**9
_MEGABYTE = 10**6


@dataclass(frozen=True, slots=True)
class SizeResult:
    """Everything measured at one size; joins by bucket length in seconds."""

    n_orders: int
    scan: Measurement
    core: Measurement
    joins: dict[int, Measurement]

    def core_s(self, *, with_placebo: bool) -> float:
        """CPU seconds of the detection core."""
        return float(self.core.answer["placebo_s" if with_placebo else "real_s"])


def performance_page(
    results: list[SizeResult],
    *,
    n_accounts: int,
    memory_limit_bytes: int,
    time_limit_s: float,
    n_cores: int,
) -> str:
    """Return the section for the results of a smaller and a larger size."""
    params = DetectionParams()
    test = params.rank_test
    sections = [
        "Written by `make benchmark`; do not edit. One run on a machine of "
        f"{n_cores} cores; a simulated market of {n_accounts:,} accounts, the larger size with "
        f"{results[-1].n_orders / results[0].n_orders:g} times the days of the smaller. Every line "
        "but the detection core is a whole process, start of the interpreter included, kernels "
        "compiled before. The quickest repeat counts.",
        f"Parameters: ring depth {test.depth}, look-back {test.look_back_ns // 10**9} s, "
        f"p_cap {test.p_cap:g}, rows a follower {test.rows_a_follower}, "
        f"{len(params.placebo.shifts_ns)} placebo shifts (longer ones than the data are not run).",
        "## Whole process",
        _whole_table(results),
        "The scan reads and checks all order events, encodes, sorts, tests every pair in market "
        "time, runs the placebo, groups, judges and writes its report. The joins read five "
        "columns of the new orders and count pairs of orders of distinct accounts, which is the "
        "least any join-based detector does before it can begin to judge; they state no evidence, "
        f"and may use {memory_limit_bytes / 1024**3:.0f} GiB of address space and "
        f"{time_limit_s:.0f} s.",
        "## Detection core",
        _core_table(results),
        "Decisions and rank test on encoded columns, one thread, CPU time. With the placebo the "
        "same pass runs one more test a shift.",
        "## Aims",
        _aims_table(results),
    ]
    return "\n\n".join(sections) + "\n"


def _whole_table(results: list[SizeResult]) -> str:
    rows = ["| orders | what | wall s | CPU s | orders/s | scan time over its | peak MB | result |"]
    rows.append("|---:|---|---:|---:|---:|---:|---:|---|")
    for result in results:
        found = result.scan.answer.get("counts", {})
        scan_text = f"{found.get('decisions', 0):,} decisions, {found.get('groups', 0):,} groups"
        rows.append(_whole_row(result, "`surveillance scan`", result.scan, scan_text))
        for bucket_s, join in result.joins.items():
            name = f"Polars self-join, {bucket_s} s buckets"
            text = join.failure or f"{join.answer['n_pairs']:,} pairs counted"
            rows.append(_whole_row(result, name, join, text))
    return "\n".join(rows)


def _whole_row(result: SizeResult, name: str, run: Measurement, text: str) -> str:
    rate = "–" if run.failure else f"{result.n_orders / run.wall_s:,.0f}"
    ratio = "–" if run.failure else f"{result.scan.wall_s / run.wall_s:.2f}"
    return (
        f"| {result.n_orders:,} | {name} | {run.wall_s:.1f} | {run.cpu_s:.1f} | {rate} | {ratio} "
        f"| {run.peak_bytes / _MEGABYTE:,.0f} | {text} |"
    )


def _core_table(results: list[SizeResult]) -> str:
    rows = ["| orders | decisions | tests | CPU s | orders/s | ns an order |"]
    rows.append("|---:|---:|---|---:|---:|---:|")
    for result in results:
        n_shifts = result.core.answer["n_shifts"]
        for with_placebo, name in ((False, "real"), (True, f"real and {n_shifts} placebo")):
            seconds = result.core_s(with_placebo=with_placebo)
            rows.append(
                f"| {result.n_orders:,} | {result.core.answer['n_decisions']:,} | {name} "
                f"| {seconds:.2f} | {result.n_orders / seconds:,.0f} "
                f"| {seconds / result.n_orders * 1e9:,.0f} |"
            )
    return "\n".join(rows)


def _aims_table(results: list[SizeResult]) -> str:
    small, large = results[0], results[-1]
    times = large.n_orders / small.n_orders
    core_rate = small.n_orders / small.core_s(with_placebo=False)
    core_growth = large.core_s(with_placebo=False) / small.core_s(with_placebo=False) / times
    scan_growth = large.scan.wall_s / small.scan.wall_s / times
    peak = max(result.scan.peak_bytes for result in results)
    rate_met, peak_met = core_rate >= AIM_CORE_ORDERS_A_SECOND, peak < AIM_PEAK_BYTES
    lines = (
        ("core, orders/s", f"{AIM_CORE_ORDERS_A_SECOND:,}", f"{core_rate:,.0f}", rate_met),
        ("core, growth an order", f"{AIM_GROWTH}", f"{core_growth:.2f}", core_growth < AIM_GROWTH),
        ("scan, growth an order", f"{AIM_GROWTH}", f"{scan_growth:.2f}", scan_growth < AIM_GROWTH),
        ("scan, peak MB", f"{AIM_PEAK_BYTES / 1e6:,.0f}", f"{peak / _MEGABYTE:,.0f}", peak_met),
    )
    rows = ["| what | aim | reached | met |", "|---|---:|---:|---|"]
    rows += [
        f"| {what} | {aim} | {got} | {'yes' if met else 'no'} |" for what, aim, got, met in lines
    ]
    return "\n".join(rows)
