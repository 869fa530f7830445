"""The FIX 4.2 and 4.4 tags that carry an order event, and what their codes mean here."""

from enum import IntEnum

from streams.tables import EventType, OrderType, Side

SEPARATOR = b"\x01"
VERSIONS = (b"FIX.4.2", b"FIX.4.4")


class Tag(IntEnum):
    """Tags by their names in the standard."""

    Account = 1
    ClOrdID = 11
    ExecID = 17
    LastPx = 31
    LastQty = 32
    MsgSeqNum = 34
    MsgType = 35
    OrderID = 37
    OrderQty = 38
    OrdType = 40
    OrigClOrdID = 41
    Price = 44
    SecurityID = 48
    SenderCompID = 49
    SenderSubID = 50
    SendingTime = 52
    Side = 54
    Symbol = 55
    TargetCompID = 56
    TimeInForce = 59
    TransactTime = 60
    StopPx = 99
    ExecType = 150
    ManualOrderIndicator = 1028


MESSAGE_TYPES = {
    b"D": EventType.NEW,  # NewOrderSingle
    b"F": EventType.CANCEL,  # OrderCancelRequest
    b"G": EventType.REPLACE,  # OrderCancelReplaceRequest
}
EXECUTION_REPORT = b"8"
EXEC_TYPES = {
    b"0": EventType.NEW,
    b"1": EventType.FILL,  # partial fill, FIX 4.2
    b"2": EventType.FILL,  # fill, FIX 4.2
    b"4": EventType.CANCEL,
    b"5": EventType.REPLACE,
    b"8": EventType.REJECT,
    b"C": EventType.EXPIRE,
    b"F": EventType.FILL,  # trade, FIX 4.4
}
SIDES = {
    b"1": Side.BUY,
    b"2": Side.SELL,
    b"3": Side.BUY,  # buy minus
    b"4": Side.SELL,  # sell plus
    b"5": Side.SELL,  # sell short
    b"6": Side.SELL,  # sell short exempt
}
ORDER_TYPES = {
    b"1": OrderType.MARKET,
    b"2": OrderType.LIMIT,
    b"3": OrderType.STOP,
    b"4": OrderType.STOP_LIMIT,
}
TIMES_IN_FORCE = {
    b"0": b"day",
    b"1": b"gtc",
    b"2": b"opg",
    b"3": b"ioc",
    b"4": b"fok",
    b"5": b"gtx",
    b"6": b"gtd",
    b"7": b"atc",
}
AUTOMATED = {b"N": True, b"Y": False}  # the tag says whether a person entered the order
DATA_OF_LENGTH = {
    90: 91,
    93: 89,
    95: 96,
    212: 213,
    348: 349,
    350: 351,
    352: 353,
    354: 355,
    356: 357,
    358: 359,
    360: 361,
    362: 363,
    364: 365,
    445: 446,
    618: 619,
    621: 622,
}
"""Data fields by the field that gives their length: their bytes may hold the separator."""


def named(tag: Tag) -> str:
    """Return a tag as people write it: ``OrdType(40)``."""
    return f"{tag.name}({tag.value})"
