"""Bytes of messages to columns and back, by content type: the only place that knows a wire."""

from streams.codec.account_updates import decode_account_updates
from streams.codec.contents import ContentType, headers_of
from streams.codec.decoding import decode, portions
from streams.codec.encoding import encode_arrow, encode_json
from streams.codec.fix_encoding import encode_fix
from streams.codec.records import Decoded, Limits

__all__ = [
    "ContentType",
    "Decoded",
    "Limits",
    "decode",
    "decode_account_updates",
    "encode_arrow",
    "encode_fix",
    "encode_json",
    "headers_of",
    "portions",
]
