"""Text from outside made safe to show: one line, nothing invisible, nothing that reorders.

An id may hold any character the sender chose. Whatever shows it (a page, a report, a log line,
an error message) passes it through `printable` first; HTML escaping stays with the template.
"""

# str.isprintable already refuses controls, bidi marks, zero-width characters, line separators and
# every space but U+0020. These are called printable by Unicode and still draw nothing.
_INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),  # combining grapheme joiner
        (0x115F, 0x1160),  # Hangul fillers
        (0x17B4, 0x17B5),  # Khmer inherent vowels
        (0x180B, 0x180F),  # Mongolian selectors
        (0x2800, 0x2800),  # Braille blank
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),  # variation selectors
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)
_ELLIPSIS = "…"


def printable(text: str, limit: int = 64) -> str:
    """Return `text` as one visible line of at most `limit` characters.

    Parameters
    ----------
    text : str
        Anything, also lone surrogates.
    limit : int
        Longest result in characters, at least 1. A longer text is cut and ends in an ellipsis;
        a replaced character is never cut in the middle.

    Returns
    -------
    str
        Control, bidirectional, zero-width and other invisible characters appear as ``[U+202E]``.

    Raises
    ------
    ValueError
        If `limit` is less than 1.

    Examples
    --------
    >>> printable("acc\u202e1")
    'acc[U+202E]1'
    >>> printable("abcdef", limit=4)
    'abc…'
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1, was {limit}")
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    pieces: list[str] = []
    length = 0
    n_fitting = 0  # pieces that leave room for the ellipsis
    for character in text:
        piece = _visible(character)
        length += len(piece)
        if length > limit:
            return "".join(pieces[:n_fitting]) + _ELLIPSIS
        pieces.append(piece)
        if length < limit:
            n_fitting = len(pieces)
    return "".join(pieces)


def printable_id(text: str, limit: int = 64) -> str:
    """Return an id as `printable` does, but cut in the middle: ids often differ at their end.

    Parameters
    ----------
    text : str
        Anything, also lone surrogates.
    limit : int
        Longest result in characters, at least 3.

    Returns
    -------
    str
        The first and the last characters around an ellipsis, the first ones a character longer.

    Raises
    ------
    ValueError
        If `limit` is less than 3.

    Examples
    --------
    >>> printable_id("account-0001-of-firm-7", limit=11)
    'accou…irm-7'
    """
    if limit < 3:
        raise ValueError(f"limit must be at least 3, was {limit}")
    if len(text) <= limit:
        whole = "".join(map(_visible, text))
        if len(whole) <= limit:
            return whole
    n_last = (limit - 1) // 2
    first = _fitting(text[:limit], limit - 1 - n_last)
    last = _fitting(text[: -n_last - 1 : -1], n_last)
    return "".join([*first, _ELLIPSIS, *reversed(last)])


def _fitting(text: str, limit: int) -> list[str]:
    """Return the visible characters from the start of a text that fit in a length."""
    pieces: list[str] = []
    length = 0
    for piece in map(_visible, text):
        length += len(piece)
        if length > limit:
            break
        pieces.append(piece)
    return pieces


def _visible(character: str) -> str:
    if character.isprintable() and character not in _INVISIBLE:
        return character
    return f"[U+{ord(character):04X}]"
