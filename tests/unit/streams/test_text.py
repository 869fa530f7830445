"""`printable`: one visible line, within its limit, and nothing that hides or reorders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.text import printable, printable_id


def test_plain_text_stays_as_it_is() -> None:
    assert printable("ACC-001 (main)") == "ACC-001 (main)"
    assert printable("Zürich 東京") == "Zürich 東京"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a[U+000A]b"),
        ("a\x1b[31m", "a[U+001B][31m"),
        ("a\x00", "a[U+0000]"),
        ("\u202egnp.exe", "[U+202E]gnp.exe"),
        ("a\u200bb", "a[U+200B]b"),
        ("a\ufeff", "a[U+FEFF]"),
        ("a\u2028b", "a[U+2028]b"),
        ("a\u00a0b", "a[U+00A0]b"),
        ("a\u3164b", "a[U+3164]b"),
        ("a\ufe0f", "a[U+FE0F]"),
        ("\ud800", "[U+D800]"),
        ("\U000e0041", "[U+E0041]"),
    ],
)
def test_what_draws_nothing_or_reorders_is_named(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_html_is_left_to_the_template() -> None:
    assert printable("<script>") == "<script>"


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert printable("x" * 10_000, limit=5) == "xxxx…"
    assert printable("x" * 5, limit=5) == "xxxxx"


def test_a_replaced_character_is_never_cut_in_the_middle() -> None:
    assert printable("ab\u202ecd", limit=6) == "ab…"
    assert printable("ab\u202e", limit=10) == "ab[U+202E]"
    assert printable("ab\u202ec", limit=10) == "ab…"


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit must be at least 1, was 0"):
        printable("a", limit=0)


@given(st.text(st.characters(), max_size=80), st.integers(1, 80))
def test_the_result_is_visible_and_within_the_limit(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    assert printable(shown, limit) == shown


def test_a_long_id_is_cut_in_the_middle_and_keeps_both_ends() -> None:
    assert printable_id("account-0001-of-firm-7", limit=11) == "accou…irm-7"
    assert printable_id("account-0001", limit=12) == "account-0001"
    assert printable_id("ab\u202ecdefgh", limit=9) == "ab…efgh"


@given(st.text(st.characters(), max_size=80), st.integers(3, 80))
def test_an_id_is_visible_and_within_the_limit(text: str, limit: int) -> None:
    shown = printable_id(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    if len(printable(text, 2_000)) <= limit:
        assert shown == printable(text, 2_000)
