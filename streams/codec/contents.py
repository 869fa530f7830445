"""The content type of a message, from its headers."""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from streams.codec.records import RefusedError, sentence
from streams.messages import DeadReason

HEADER = "content-type"


class ContentType(StrEnum):
    """How a value is written."""

    JSON = "application/json"
    ARROW = "application/vnd.apache.arrow.stream"
    FIX = "application/fix"


_BY_NAME = {kind.value: kind for kind in ContentType}


def content_type(headers: tuple[tuple[str, bytes], ...]) -> ContentType:
    """Return the form that the last `content-type` header names, JSON when there is none.

    Letter case and parameters (``; charset=utf-8``) do not matter.

    Raises
    ------
    RefusedError
        If it is none of the contract.
    """
    return _content_type(headers) if headers else ContentType.JSON


@lru_cache(maxsize=256)
def _content_type(headers: tuple[tuple[str, bytes], ...]) -> ContentType:
    named = [value for name, value in headers if name.lower() == HEADER]
    if not named:
        return ContentType.JSON
    text = (named[-1] or b"").decode("utf-8", "replace")
    kind = _BY_NAME.get(text.partition(";")[0].strip().lower())
    if kind is None:
        rule = f"{HEADER} must be {', '.join(list(ContentType)[:-1])} or {ContentType.FIX}"
        raise RefusedError(DeadReason.CONTENT_TYPE, sentence(rule, text))
    return kind


def headers_of(kind: ContentType) -> Sequence[tuple[str, bytes]]:
    """Return the header that says how a value is written; JSON, an event a message, needs none."""
    return [] if kind is ContentType.JSON else [(HEADER, kind.value.encode())]
