"""Arrays without reference counts, for loops whose caller holds every array throughout.

Numba counts a reference, atomically, whenever an array is taken from a tuple or passed on; in a
loop over candidates the counting costs several times what the work does. A borrowed array has no
owner to count, and the compiler drops the counting altogether.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from numba.core import cgutils
from numba.extending import intrinsic

_Arrays = TypeVar("_Arrays")
_OWNER = 0  # position of the owner among the members of an array structure


def _borrow(typing_context: Any, arrays: Any) -> Any:
    """Return the named tuple with its arrays without owners.

    Only for a kernel's own use while its arguments live: the result must not be returned or kept.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = args[0]
        nobody = cgutils.voidptr_t(None)
        for position in range(len(arrays)):
            value = builder.insert_value(value, nobody, [position, _OWNER])
        return value

    return arrays(arrays), generate


borrowed: Callable[[_Arrays], _Arrays] = intrinsic(_borrow)  # type: ignore[assignment]
