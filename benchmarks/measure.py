"""One command in a fresh process: what it printed, how long it took, how much memory it held.

The measuring process stays small, because Linux counts a child's memory from what its parent held
when it started it.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

_KIBIBYTE = 1024
_OUT_OF_MEMORY = ("memory allocation", "MemoryError", "Cannot allocate memory", "out of memory")
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"  # would compile every module at every start


@dataclass(frozen=True, slots=True)
class Measurement:
    """A finished command; `failure` says in words why there is no answer, None if there is one."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    answer: dict[str, Any]
    failure: str | None


def run_module(
    *arguments: str, memory_limit_bytes: int | None = None, time_limit_s: float = 1_800.0
) -> Measurement:
    """Run `python -m` with the arguments and read the JSON object that it prints.

    Parameters
    ----------
    *arguments : str
        Module and its arguments.
    memory_limit_bytes : int, optional
        Address space the process may have. Running out is a result, not an error.
    time_limit_s : float
        The process is ended after this time: a result as well.
    """

    def limit_memory() -> None:
        if memory_limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory_limit_bytes, memory_limit_bytes))

    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
        begin = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdout=printed,
            stderr=complaints,
            env={name: value for name, value in os.environ.items() if name != _NO_BYTECODE},
            preexec_fn=limit_memory,
        )
        late = threading.Timer(time_limit_s, process.kill)
        late.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - begin
        late.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        complaints.seek(0)
        text, complaint = printed.read().decode(), complaints.read().decode(errors="replace")
    return Measurement(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * _KIBIBYTE,
        answer=json.loads(text.splitlines()[-1]) if process.returncode == 0 else {},
        failure=_failure(process.returncode, complaint, wall_s >= time_limit_s, memory_limit_bytes),
    )


def _failure(
    returncode: int, complaint: str, is_late: bool, memory_limit_bytes: int | None
) -> str | None:
    if returncode == 0:
        return None
    if is_late:
        return "out of time"
    if memory_limit_bytes is not None and any(word in complaint for word in _OUT_OF_MEMORY):
        return "out of memory"
    raise RuntimeError(f"the measured command failed with {returncode}:\n{complaint}")
