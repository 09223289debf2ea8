"""A store of posts in memory, as slow to forget as a real one, that can be down or die after it has done its work."""

from __future__ import annotations

from myriad.cluster.requests import Answer, Post, Posted, PostRow, Posts, ReadPosts, Request


class MemoryPosts:
    def __init__(self) -> None:
        self.rows: list[PostRow] = []
        self.lives_ms: list[int] = []
        self.down = False
        self.dies_after = False
        self.num_calls = 0

    def execute(self, requests: list[Request], /) -> list[Answer]:
        self.num_calls += 1
        if self.down:
            raise OSError("the store is down")
        answers = [self._answer(request) for request in requests]
        if self.dies_after:
            self.dies_after = False
            raise OSError("the store died before it could answer")
        return answers

    def _answer(self, request: Request) -> Answer:
        if isinstance(request, Post):
            self.rows.append(PostRow(len(self.rows) + 1, request.topic, request.body))
            self.lives_ms.append(request.life_ms)
            return Posted(len(self.rows))
        assert isinstance(request, ReadPosts)
        newer = [row for row in self.rows if row.number > request.after] if request.after >= 0 else []
        return Posts(tuple(newer[: request.limit]), len(self.rows))
