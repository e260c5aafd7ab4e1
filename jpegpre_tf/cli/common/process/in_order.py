"""Work on several tasks at a time, with the outcomes in the order of the tasks."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def in_order(
    tasks: Sequence[Task], work: Callable[[Task], Outcome], jobs: int
) -> Iterator[tuple[Task, Outcome]]:
    """Yields each task with its outcome, in order, working on `jobs` of them at a time."""
    waiting: deque[tuple[Task, Future[Outcome]]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for task in tasks:
                waiting.append((task, pool.submit(work, task)))
                # Two per worker keep all of them busy; more would only pile up finished files in memory.
                if len(waiting) >= 2 * jobs:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
