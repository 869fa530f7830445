"""The clock: the only place that reads one.

Detection takes its time from events. The clock serves the run manifest (when it started and
finished) and the metrics, and never decides a verdict.
"""

import time


def now_ns() -> int:
    """Return the time of day as UTC nanoseconds since 1970.

    Returns
    -------
    int
        Not monotonic: the machine's clock may be set back.
    """
    return time.time_ns()


def monotonic_ns() -> int:
    """Return nanoseconds since an arbitrary moment, for measuring how long something took.

    Returns
    -------
    int
        Never goes back; only differences mean something.
    """
    return time.monotonic_ns()
