"""A baseline within bounds of time and memory: a method that does not come back is a result.

It runs in a process of its own that is ended, with all it has started, when its time is up.
"""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from surveillance.errors import SurveillanceError
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines.pairs import AccountGroups
from surveillance.jobs.baselines.toolkit import ToolkitMissingError

Find = Callable[[Actions], AccountGroups]

NOT_INSTALLED = "not installed"
OUT_OF_MEMORY = "ran out of memory"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a baseline may use for one dataset."""

    seconds: int = 300
    memory_mb: int = 4096


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A baseline that gave no answer, and why."""

    reason: str


def run_within(find: Find, actions: Actions, budget: Budget) -> AccountGroups | Unfinished:
    """Run a baseline in a process of its own.

    Parameters
    ----------
    find : callable
        A function at the top of its module.
    actions : Actions
        Orders of the dataset.
    budget : Budget
        Time on the wall and address space.

    Returns
    -------
    tuple or Unfinished
        What it found, or why there is no answer.

    Raises
    ------
    SurveillanceError
        If it failed for another reason: that is a mistake in the baseline, not a result.
    """
    # Not a fork: threads of ours may hold locks that a forked child would wait for.
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(writer, find, actions, budget.memory_mb))
    process.start()
    writer.close()
    try:
        if not reader.poll(budget.seconds):
            return Unfinished(f"ran out of time ({budget.seconds} s)")
        answer: AccountGroups | Unfinished | str = reader.recv()
    except EOFError:
        process.join()
        return Unfinished(f"{OUT_OF_MEMORY} or crashed (exit status {process.exitcode})")
    finally:
        _end(process)
        reader.close()
    if isinstance(answer, str):
        raise SurveillanceError(f"baseline {find.__module__} failed: {answer}")
    return answer


def _work(writer: Connection, find: Find, actions: Actions, memory_mb: int) -> None:
    os.setsid()
    limit = memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        answer: AccountGroups | Unfinished | str = find(actions)
    except MemoryError:
        answer = Unfinished(OUT_OF_MEMORY)
    except ToolkitMissingError:
        answer = Unfinished(NOT_INSTALLED)
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    writer.send(answer)
    writer.close()


def _end(process: BaseProcess) -> None:
    """End the process and whatever it started; both may be over already."""
    if process.pid is not None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
    process.join()
