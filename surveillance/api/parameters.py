"""Query parameters that several routes share."""

from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

LONGEST_ID = 20_000  # characters; ids of 10 kB occur
LONGEST_SEARCH = 256
LARGEST_PLACE = 2**53  # the largest integer that every JSON reader keeps exact

LongText = Annotated[str, StringConstraints(max_length=LONGEST_ID)]
SearchText = Annotated[
    str | None,
    Query(max_length=LONGEST_SEARCH, description="Part of an id, upper or lower case"),
]
Cursor = Annotated[str | None, Query(description="The `next_cursor` of the page before")]
After = Annotated[
    int | None, Query(ge=0, le=LARGEST_PLACE, description="The `next_after` of the page before")
]
Limit = Annotated[int, Query(ge=1, le=500, description="Most rows of the page")]
