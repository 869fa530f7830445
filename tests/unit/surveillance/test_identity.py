"""Event identity: hashes of texts and columns, and the rows that repeat one."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from surveillance.pipeline.identity import duplicate_rows, hash_texts, mix

texts = st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=30)


@settings(deadline=None)
@given(texts)
def test_equal_texts_hash_equal_and_others_apart(values: list[str | None]) -> None:
    first, second = hash_texts(pa.array(values, pa.string()))
    key_of = {}
    for i, value in enumerate(values):
        key_of.setdefault(value or "", set()).add((int(first[i]), int(second[i])))
    assert all(len(keys) == 1 for keys in key_of.values())
    assert len(set.union(set(), *key_of.values())) == len(key_of)


@settings(deadline=None)
@given(values=texts, start=st.integers(0, 5))
def test_slices_and_large_strings_hash_alike(values: list[str | None], start: int) -> None:
    whole = hash_texts(pa.array(values, pa.string()))
    sliced = hash_texts(pa.array(values, pa.string()).slice(start))
    large = hash_texts(pa.array(values, pa.large_string()))
    for a, b, c in zip(whole, sliced, large, strict=True):
        np.testing.assert_array_equal(a[start:], b)
        np.testing.assert_array_equal(a, c)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 5), st.integers(0, 3)),
        max_size=40,
    )
)
def test_all_but_the_earliest_of_an_identity_are_duplicates(
    rows: list[tuple[int, int, int, int]],
) -> None:
    table = np.array(rows, np.int64).reshape(-1, 4)
    identity = table[:, 0].astype(np.uint64), table[:, 1].astype(np.uint64)
    number = np.arange(len(rows))
    found = duplicate_rows(identity, (table[:, 2], table[:, 3], number))
    expected = []
    for i, row in enumerate(rows):
        mine = (row[2], row[3], i)
        if any(o[:2] == row[:2] and (o[2], o[3], j) < mine for j, o in enumerate(rows)):
            expected.append(i)
    assert found.tolist() == expected


def test_every_mixed_column_counts() -> None:
    start = hash_texts(pa.array(["a"]))
    one = mix(start, np.array([1]), np.array([2.0]))
    assert one != mix(start, np.array([2]), np.array([1.0]))
    assert int(one[0][0]) != int(mix(start, np.array([1]), np.array([2.5]))[0][0])
    assert int(one[0][0]) != int(mix(start, np.array([7]), np.array([2.0]))[0][0])


def test_hashes_are_the_same_on_every_machine() -> None:
    first, second = hash_texts(pa.array(["E-1", "", None]))
    assert first[1] == first[2]
    assert [f"{int(h[0]):016x}" for h in (first, second)] == [
        "0f8e47aad692506e",
        "60c6e702deaa75ab",
    ]
