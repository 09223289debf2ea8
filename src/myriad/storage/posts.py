"""The bus where it goes through the store: messages for everybody, read by number.

Responsible for: carrying out Post and ReadPosts.
Not here: who reads how often, and what is in a message (`bus/`).

Invariants: a message becomes readable in the order of numbers, so a reader that goes on from the newest it knows
misses none; one is kept until its life is over. Until then, the same bytes under the same topic are the same message:
who may say something twice puts a number into it, as the bus does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from myriad.cluster.requests import Post, Posted, PostRow, Posts, ReadPosts
from myriad.storage.connection import Connection
from myriad.storage.counters import newest_number, next_number


def post(db: Connection, request: Post) -> Posted:
    """Keeps a message, unless it is kept already."""
    db.run("SELECT value FROM counter WHERE name = 'post' /*pg FOR UPDATE*/")  # one after the other
    db.run("DELETE FROM post WHERE expires_ms <= ?", db.now_ms())
    digest = hashlib.blake2b(request.topic.encode() + b"\0" + request.body, digest_size=16).digest()
    known = db.run("SELECT number FROM post WHERE digest = ?", digest)
    if known:
        return Posted(known[0][0])
    number = next_number(db, "post")
    db.run(
        "INSERT INTO post (number, topic, body, digest, expires_ms) VALUES (?, ?, ?, ?, ?)",
        number,
        request.topic,
        request.body,
        digest,
        db.now_ms() + request.life_ms,
    )
    return Posted(number)


def read_posts(db: Connection, request: ReadPosts) -> Posts:
    """Messages after a number, the oldest first."""
    newest = newest_number(db, "post")
    if request.after < 0:
        return Posts((), newest)
    rows = db.run(
        "SELECT number, topic, body FROM post WHERE number > ? AND number <= ? AND expires_ms > ?"
        " ORDER BY number LIMIT ?",
        request.after,
        newest,
        db.now_ms(),
        request.limit,
    )
    return Posts(tuple(PostRow(*row) for row in rows), newest)


HANDLERS: Final[Mapping[type, Any]] = {Post: post, ReadPosts: read_posts}
