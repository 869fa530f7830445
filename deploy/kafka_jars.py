"""Apache Kafka's own jars, fetched once through Maven and kept in the user's cache directory."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

KAFKA_VERSION = "4.3.1"
LOG4J_VERSION = "2.25.4"
MAVEN_PROJECT = Path(__file__).parent / "kafka" / "pom.xml"
_FETCH_SECONDS = 600


class BrokerStartError(Exception):
    """A local broker that cannot be started: what is missing, or what its log says."""


def missing_programs() -> tuple[str, ...]:
    """Return the programs that a local broker needs and this machine lacks."""
    needed = ("java",) if jar_directory().is_dir() else ("java", "mvn")
    return tuple(name for name in needed if shutil.which(name) is None)


def jar_directory() -> Path:
    """Return where the jars are kept: `$XDG_CACHE_HOME` or `~/.cache`, by version."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "exchange-surveillance" / f"kafka-{KAFKA_VERSION}"


def fetch_jars() -> Path:
    """Return the directory with the jars, asking Maven for them the first time.

    Raises
    ------
    BrokerStartError
        If Java or Maven is missing, or Maven fails.
    """
    if missing := missing_programs():
        raise BrokerStartError(
            f"{' and '.join(missing)} not found "
            f"(Debian: apt-get install default-jre-headless maven)"
        )
    directory = jar_directory()
    if not directory.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent) as parts:
            _run_maven(Path(parts) / "jars")
            _move(Path(parts) / "jars", directory)
    return directory


def _run_maven(target: Path) -> None:
    command = [
        "mvn",
        "--quiet",
        "--batch-mode",
        f"--file={MAVEN_PROJECT}",
        f"-Dkafka.version={KAFKA_VERSION}",
        f"-Dlog4j.version={LOG4J_VERSION}",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={target}",
        "dependency:copy-dependencies",
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS)
    if run.returncode:
        raise BrokerStartError(f"Maven could not fetch Apache Kafka: {run.stdout[-2000:]}")


def _move(source: Path, target: Path) -> None:
    """Put a whole directory in place at once; another process may have been faster."""
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            raise
