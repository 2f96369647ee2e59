"""A store that asks its database once about what hardly ever changes: every call asks for the number it called."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from mixminus.calls.records import Record
from mixminus.store.contract import Page, R, Store, Where, Window

MOST_ANSWERS: Final = 10_000

T = TypeVar("T")


class RememberingStore:
    """A `Store` that keeps what was found of some kinds until a record of that kind is written or deleted.

    Only for a database that nobody else writes to. What was not found is not kept: strangers who dial numbers at
    random must not fill the memory.
    """

    def __init__(self, store: Store, kinds: frozenset[type[Record]]) -> None:
        self._store = store
        self._answers: dict[type[Record], dict[Any, Any]] = {kind: {} for kind in kinds}

    async def save(self, *records: Record) -> None:
        self._forget(*map(type, records))
        await self._store.save(*records)

    def save_soon(self, *records: Record) -> None:
        self._forget(*map(type, records))
        self._store.save_soon(*records)

    async def flush(self) -> None:
        await self._store.flush()

    async def delete(self, kind: type[Record], sid: str) -> None:
        self._forget(kind)
        await self._store.delete(kind, sid)

    async def forget(self, kind: type[Record], *conditions: Where) -> None:
        self._forget(kind)
        await self._store.forget(kind, *conditions)

    async def fetch(self, kind: type[R], sid: str) -> R | None:
        return await self._remembered(kind, sid, lambda: self._store.fetch(kind, sid))

    async def query(self, kind: type[R], *conditions: Where) -> Sequence[R]:
        return await self._remembered(kind, conditions, lambda: self._store.query(kind, *conditions))

    async def following(self, kind: type[R], field: str, after: int, most: int) -> Sequence[R]:
        return await self._store.following(kind, field, after, most)

    async def highest(self, kind: type[Record], field: str) -> Any:
        return await self._store.highest(kind, field)

    def forget_soon(self, kind: type[Record], *conditions: Where) -> None:
        self._forget(kind)
        self._store.forget_soon(kind, *conditions)

    async def page(self, kind: type[R], window: Window, *conditions: Where) -> Page[R]:
        return await self._store.page(kind, window, *conditions)

    async def _remembered(self, kind: type[Any], question: Any, ask: Callable[[], Awaitable[T]]) -> T:
        answers = self._answers.get(kind)
        if answers is None:
            return await ask()
        if question not in answers:
            found = await ask()
            # Kept where it was asked: who has written meanwhile has put another dictionary there.
            if found and len(answers) < MOST_ANSWERS:
                answers[question] = found
            return found
        answer: T = answers[question]
        return answer

    def _forget(self, *kinds: type[Record]) -> None:
        for kind in self._answers.keys() & set(kinds):
            self._answers[kind] = {}
