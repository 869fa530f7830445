"""Slow twin of the window scans of models/kernels/identical.py: one window at a time, from sets."""

import math

import numpy as np


def ln_tail(hits: float, trials: float, others: float, other_trials: float, drift: float) -> float:
    """ln exp(-T KL(K/T || p)), 0 where K/T does not exceed p."""
    if hits <= 0 or other_trials <= 0:
        return 0.0
    total = hits + others
    p, q = drift * trials / (drift * trials + other_trials), hits / total
    if q <= p:
        return 0.0
    rest = (1 - q) * math.log((1 - q) / (1 - p)) if q < 1 else 0.0
    return -total * (q * math.log(q / p) + rest)


def scan_past(
    time: np.ndarray,
    label: np.ndarray,
    *,
    is_alike: np.ndarray | None,
    windows_ns: tuple[int, ...],
    pace_ns: int | None,
    recent: int,
    widths: int,
    bar: float,
    drift: float,
    least: int,
) -> dict[int, tuple[float, int, int]]:
    """Return, by trial that is a mark: (ln p, width, first mark's trial) of its best window."""
    best: dict[int, tuple[float, int, int]] = {}
    for width, window_ns in enumerate(windows_ns):
        for wanted in sorted(set(label.tolist()) - {-1}):
            alike = label == wanted if is_alike is None else is_alike
            marks = [i for i in range(len(time)) if label[i] == wanted]
            last_crossing, frozen = None, 0
            for i in marks:
                opens = next(j for j in range(len(time)) if time[j] > time[i] - window_ns)
                inside = [j for j in marks if opens <= j <= i]
                runs_on = last_crossing is not None and inside[0] <= last_crossing
                past = frozen if runs_on else opens
                n = len(inside) if pace_ns is None else len({time[j] // pace_ns for j in inside})
                if n < least:
                    continue
                trials = i - opens
                since = max(past - max(recent, widths * trials), 0)
                ln_p = max(
                    ln_tail(n - 1, trials, int(alike[:past].sum()), past, drift),
                    ln_tail(n - 1, trials, int(alike[since:past].sum()), past - since, drift),
                )
                if ln_p < best.get(i, (0.0, 0, 0))[0]:
                    best[i] = (ln_p, width, inside[0])
                if ln_p <= bar:
                    last_crossing, frozen = i, past
    return best


def scan_present(
    time: np.ndarray,
    label: np.ndarray,
    price: np.ndarray,
    control_time: np.ndarray,
    control_price: np.ndarray,
    *,
    windows_ns: tuple[int, ...],
    drift: float,
    least: int,
) -> dict[int, tuple[float, int, int]]:
    """The same against the control's orders in the same window."""
    best: dict[int, tuple[float, int, int]] = {}
    for width, window_ns in enumerate(windows_ns):
        for i in range(len(time)):
            after = time[i] - window_ns
            inside = [j for j in range(i + 1) if time[j] > after and label[j] == label[i]]
            if label[i] == -1 or len(inside) < least:
                continue
            trials = sum(time[j] > after for j in range(i))
            control = (control_time > after) & (control_time <= time[i])
            others = int((control & (control_price == price[i])).sum())
            ln_p = ln_tail(len(inside) - 1, trials, others, int(control.sum()), drift)
            if ln_p < best.get(i, (0.0, 0, 0))[0]:
                best[i] = (ln_p, width, inside[0])
    return best
