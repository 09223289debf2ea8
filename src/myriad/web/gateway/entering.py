"""The way into the world: from a character to a connect token for the zone where it stands.

Responsible for: playing, resuming, and the token.
Not here: room and the queue (`cluster/placement.py`), who may ask (`accounts.py`), characters (`characters.py`).

A character that is PLAYING goes back to its avatar, wherever that is, and never waits. One that is away goes to the
zone of its position, into a layer with room, or has to wait.

Invariants: a token is sealed with the key of the lease that the directory showed, so it is good for that epoch alone; a
place is moved in the store before a token says so.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final, NamedTuple

from myriad.cluster.directory import HIBERNATING
from myriad.cluster.placement import Place, QueueFull, Waiting
from myriad.cluster.requests import (
    PLAYING,
    CharacterRow,
    Done,
    LeaseRow,
    MoveAway,
    WantZone,
    ZoneKey,
)
from myriad.core.clock import Clock
from myriad.netcode.tokens import RANDOM_BYTES, make_token
from myriad.web.checks import checked_spawn
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.messages import MapInfo, PlayAnswer, ProtocolInfo, WaitAnswer
from myriad.web.gateway.ports import StorePort
from myriad.web.gateway.reading import DirectoryReader
from myriad.web.refusals import BadRequest, Refusal
from myriad.wire.layouts import UNITS_PER_M
from myriad.wire.token_data import TokenData, pack_token_data

RESUME_LOOK_S: Final = 0.1
"""Who returns may come from a host that just died: the directory must not be older."""
RESUME_RETRY_S: Final = 0.25
_SESSION_BYTES = 8

Spawn = tuple[float, float] | None


class Granted(NamedTuple):
    """A token, and whose it is."""

    row: LeaseRow
    character: CharacterRow
    session: int
    token: bytes
    servers: tuple[str, ...]


class Entering:
    """See above."""

    def __init__(
        self,
        gateway: Gateway,
        store: StorePort,
        reader: DirectoryReader,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._reader = reader
        self._clock = clock
        self._random_bytes = random_bytes

    async def play(self, row: CharacterRow, spawn: Spawn, local_host: str) -> Granted | WaitAnswer:
        """Into the world with a new session. Raises Refusal or StoreUnavailable, as all here."""
        session = int.from_bytes(self._random_bytes(_SESSION_BYTES), "little")
        if row.presence == PLAYING:
            return await self._back(row, session, local_host)
        await self._reader.look()
        answer = await self._place(row, spawn)
        if isinstance(answer, WaitAnswer):
            self._gateway.counts["plays", "waiting"] += 1
            return answer
        if spawn is not None and (row.owner.zone, row.x, row.y) != (answer.key.zone, *spawn):
            await self._move(row, answer.key, spawn)
        return self._grant(answer, row, session, spawn, local_host)

    async def resume(self, row: CharacterRow, session: int | None, local_host: str) -> Granted | WaitAnswer:
        """Back into the avatar, with the session that it was played in."""
        if row.presence != PLAYING:
            self._gateway.counts["resumes", "away"] += 1
            raise Refusal(409, "not_playing", f"{row.name} is not in the world any more: play")
        return await self._back(row, row.session if session is None else session, local_host)

    def checked_spawn(self, spawn: Spawn) -> Spawn:
        """A place of the world, if one may be chosen at all."""
        if spawn is None:
            return None
        if not self._gateway.allow_spawn_choice:
            raise BadRequest("not_allowed", "this world does not let players choose where they start")
        checked = checked_spawn(spawn)
        if checked is not None and self._gateway.zone_at(*checked) is None:
            raise BadRequest("bad_spawn", "the world ends before that place")
        return checked

    def answer(self, outcome: Granted | WaitAnswer, relay: str) -> PlayAnswer | WaitAnswer:
        """What one player is told; `relay` is where browsers connect."""
        if isinstance(outcome, WaitAnswer):
            return outcome
        return PlayAnswer(
            token=text_of(outcome.token),
            session=f"{outcome.session:016x}",
            character=outcome.character.character,
            name=outcome.character.name,
            zone=outcome.row.key.zone,
            layer=outcome.row.key.layer,
            servers=outcome.servers,
            relay=relay,
            protocol=self.protocol(outcome.row),
            map=self.map_info(outcome.row.key.zone),
        )

    def protocol(self, row: LeaseRow) -> ProtocolInfo:
        """What a client of that zone must agree with."""
        settings = self._gateway.settings
        return ProtocolInfo(f"{row.protocol_id:016x}", self._gateway.world.game, settings.tick_hz, settings.snapshot_hz)

    def map_info(self, zone: str) -> MapInfo:
        """Where a zone lies; a zone of another world's map that runs on this store has no place."""
        area = self._gateway.world.map.by_name.get(zone)
        return MapInfo(zone, 0, 0, 0, 0, 0) if area is None else MapInfo(*area)

    async def _back(self, row: CharacterRow, session: int, local_host: str) -> Granted | WaitAnswer:
        await self._reader.look(RESUME_LOOK_S)
        place = self._gateway.balancer.place_of(row.owner, self._clock.now_ns())
        if place is None:
            await self._want(row.owner)
            self._gateway.counts["resumes", "waiting"] += 1
            return WaitAnswer(row.owner.zone, 0, None, RESUME_RETRY_S, "the zone is starting")
        return self._grant(place.row, row, session, None, local_host)

    async def _place(self, row: CharacterRow, spawn: Spawn) -> LeaseRow | WaitAnswer:
        zone = self._gateway.zone_at(*(spawn or (row.x, row.y))) or row.owner.zone
        answer = self._gateway.balancer.place(row.character, zone, self._clock.now_ns())
        match answer:
            case Place(found):
                if found.load.state == HIBERNATING:
                    await self._want(found.key)
                return found
            case Waiting():
                if answer.wanted is not None:
                    await self._want(answer.wanted)
                return WaitAnswer(answer.zone, answer.position, answer.estimate_s, answer.retry_s, answer.why)
            case QueueFull():
                self._gateway.counts["plays", "refused"] += 1
                raise Refusal(503, "queue_full", "the world is full, and so is the queue before it", 10.0)

    async def _move(self, row: CharacterRow, key: ZoneKey, spawn: tuple[float, float]) -> None:
        if not isinstance(await self._store.ask(MoveAway(row.character, key, *spawn)), Done):
            raise Refusal(409, "playing", f"{row.name} is in the world already: ask again", 1.0)

    async def _want(self, key: ZoneKey) -> None:
        if self._gateway.is_wanted_anew(key, self._clock.now_ns()):
            self._gateway.counts["zones", "wanted"] += 1
            await self._store.ask(WantZone(key))

    def _grant(self, lease: LeaseRow, row: CharacterRow, session: int, spawn: Spawn, local_host: str) -> Granted:
        settings = self._gateway.settings
        exact = None if spawn is None else (round(spawn[0] * UNITS_PER_M), round(spawn[1] * UNITS_PER_M))
        servers = self._gateway.servers.of(lease.endpoint, local_host)
        token = make_token(
            private_key=lease.private_key,
            protocol_id=lease.protocol_id,
            now_s=self._clock.wall_s(),
            life_s=settings.token_life_s,
            timeout_s=max(1, round(settings.timeout_s)),
            servers=servers,
            user_data=pack_token_data(TokenData(session, row.character, row.name, exact)),
            random_bytes=self._random_bytes(RANDOM_BYTES),
        )
        self._gateway.counts["resumes" if row.presence == PLAYING else "plays", "granted"] += 1
        return Granted(lease, row, session, token, tuple(str(server) for server in servers))


def text_of(token: bytes) -> str:
    """A token as it travels in JSON."""
    return base64.b64encode(token).decode("ascii")
