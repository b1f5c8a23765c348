"""Compiles the inner loops of this package, once per machine, into numba's cache.

Compiling costs about ten CPU-seconds, loading the cache a fraction of one. Where neither the package's folder nor the
user's cache folder can be written, numba refuses to cache; the loops are then compiled anew in each process.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    try:
        return cast(Loop, numba.njit(cache=True, nogil=True)(loop))
    except RuntimeError as refused:
        if "no locator available" not in str(refused):
            raise
        return cast(Loop, numba.njit(nogil=True)(loop))
