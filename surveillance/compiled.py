"""Where compiled loops are kept between runs.

Numba keeps them beside the code, else in the user's cache. Where neither can be written, as in a
container with a read-only file system, a directory of this process's own serves, and each process
compiles anew.
"""

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path


def find_cache() -> None:
    """Name a directory for compiled loops where Numba would find none."""
    spec = find_spec("models")
    beside = Path(*(spec.submodule_search_locations or ()) if spec else ()) / "kernels"
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    if "NUMBA_CACHE_DIR" in os.environ or _can_write(beside) or _can_write(own):
        return
    directory = tempfile.mkdtemp(prefix="surveillance-")  # private: compiled code is run
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = directory


def _can_write(path: Path) -> bool:
    existing = next(part for part in (path, *path.parents) if part.exists())
    return os.access(existing, os.W_OK | os.X_OK)
