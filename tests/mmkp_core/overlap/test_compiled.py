from mmkp_core.overlap.compiled import compiled


def test_a_loop_that_cannot_be_cached_is_compiled_all_the_same() -> None:
    source: dict[str, object] = {}
    exec("def twice(number):\n    return 2 * number", source)  # no file, so numba has no folder to cache it in

    assert compiled(source["twice"])(21) == 42  # type: ignore[type-var, operator]
