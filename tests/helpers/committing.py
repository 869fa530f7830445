"""A process that commits steps to a live stream until it is killed.

`python -m helpers.committing PATH` goes on where the store says that it stands, and prints the
number of each step that it has done.
"""

import json
import sys

from helpers.live_commits import STREAM, full_step, step

from surveillance.store import Store

CLOSE_EVERY = 4  # steps


def commit_for_ever(path: str) -> None:
    """Commit the next step, again and again."""
    with Store.open(f"sqlite:///{path}") as store:
        live = store.live(STREAM)
        epoch = live.open_session()
        number = json.loads(live.load().progress).get("step", -1) + 1
        while True:
            make = full_step if number % CLOSE_EVERY == 0 else step
            live.commit(make(epoch, number))
            pending = live.pending()
            live.acknowledge([row.number for row in pending[:2]], {("flags.v1", 0): number})
            print(number, flush=True)
            number += 1


if __name__ == "__main__":
    commit_for_ever(sys.argv[1])
