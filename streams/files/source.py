"""One table's file: its name, its form, its bytes.

Only this module opens files for reading. Whatever the system or the decoder says about them
becomes a `DatasetError`.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyarrow as pa

from streams.errors import DatasetError
from streams.tables import TABLES

BYTES_PER_READ = 1 << 20


class Form(StrEnum):
    """How a table's rows are written."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


class Compression(StrEnum):
    """How a file as a whole is compressed; the value is the end of its name."""

    NONE = ""
    GZIP = "gz"
    ZSTD = "zst"


CODECS = {Compression.GZIP: "gzip", Compression.ZSTD: "zstd"}


@dataclass(frozen=True, slots=True)
class TableFile:
    """Where a table lies and how it is written."""

    table_name: str
    path: Path
    form: Form
    compression: Compression

    @property
    def shown(self) -> str:
        """The path as messages name it."""
        return str(self.path)

    def n_bytes(self) -> int:
        """Return the size on disk, compressed if the file is."""
        with refusing(self.shown):
            return self.path.stat().st_size

    def add_to_hash(self, digest: "hashlib._Hash") -> None:
        """Feed the file's bytes, as they lie on disk, to a hash."""
        with refusing(self.shown), open_file(self.path) as stream:
            while chunk := stream.read(BYTES_PER_READ):
                digest.update(chunk)

    @contextmanager
    def bytes_stream(self) -> Iterator[tuple[pa.NativeFile, Callable[[], int]]]:
        """Open the decompressed bytes, and a count of the bytes taken from disk so far."""
        with open_file(self.path) as raw:
            if self.compression is Compression.NONE:
                yield raw, raw.tell
                return
            with pa.CompressedInputStream(raw, CODECS[self.compression]) as stream:
                yield stream, raw.tell


def table_file_name(table_name: str, form: Form, compression: Compression) -> str:
    """Return the name of a table's file in a dataset's directory."""
    return ".".join(part for part in (table_name, form, compression) if part)


def find_table_files(directory: Path) -> dict[str, TableFile]:
    """Return the tables of a directory by name, in the contract's order.

    Raises
    ------
    DatasetError
        If the directory cannot be listed, a table is no regular file, or lies there twice.
    """
    with refusing(str(directory)):
        if not directory.exists():
            raise DatasetError(str(directory), "does not exist")
        if not directory.is_dir():
            raise DatasetError(str(directory), "must be a directory")
        present = {path.name: path for path in directory.iterdir()}
    files: dict[str, TableFile] = {}
    for name in TABLES:
        for form in Form:
            for compression in Compression:
                path = present.get(table_file_name(name, form, compression))
                if path is None:
                    continue
                if name in files:
                    rule = f"holds the table {name} twice: {files[name].path.name} and {path.name}"
                    raise DatasetError(str(directory), rule)
                with refusing(str(path)):
                    if not path.is_file():  # a pipe would block for ever
                        raise DatasetError(str(path), "must be a regular file")
                files[name] = TableFile(name, path, form, compression)
    return files


def open_file(path: Path) -> pa.NativeFile:
    """Open a file's raw bytes; the one place where reading starts, so that a test can fail it."""
    return pa.OSFile(str(path), "rb")


def refuse_utf_16(file: TableFile, start: bytes) -> None:
    """Refuse a text file whose first bytes say that it is UTF-16.

    Raises
    ------
    DatasetError
        As spreadsheets' "Unicode text" is: a byte order mark, or every second byte zero.
    """
    zeros = [byte == 0 for byte in start[:4]]
    is_wide = zeros in ([False, True, False, True], [True, False, True, False])
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or is_wide:
        raise DatasetError(file.shown, "must be UTF-8 text, is UTF-16")


@contextmanager
def refusing(shown: str) -> Iterator[None]:
    """Turn what the system or a decoder raises about a file into a `DatasetError`."""
    try:
        yield
    except PermissionError as error:
        raise DatasetError(shown, "may not be read: permission denied") from error
    except FileNotFoundError as error:
        raise DatasetError(shown, "does not exist") from error
    except OSError as error:
        reason = error.strerror or _first_line(error)
        raise DatasetError(shown, f"could not be read: {reason}") from error
    except (pa.ArrowException, UnicodeDecodeError, OverflowError) as error:
        raise DatasetError(shown, f"is damaged: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
