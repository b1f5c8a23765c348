import asyncio
import gc
import threading

from flows.server.private_child import collect_garbage_beside


def test_garbage_is_not_collected_on_the_thread_of_the_event_loop() -> None:
    collected_on: list[int] = []

    class Cyclic:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            collected_on.append(threading.get_ident())

    async def serve() -> None:
        collecting = asyncio.create_task(collect_garbage_beside(0.01))
        await asyncio.sleep(0)
        for _ in range(10_000):  # far more than sets off a collection where it is automatic
            Cyclic()
        assert not collected_on
        while len(collected_on) < 10_000:
            await asyncio.sleep(0.01)
        collecting.cancel()
        await asyncio.gather(collecting, return_exceptions=True)

    asyncio.run(serve())
    assert threading.get_ident() not in collected_on
    assert gc.isenabled()
