"""What the rest of the program asks of the store, and what it answers: the vocabulary between deciding and storing.

Responsible for: one frozen dataclass per request and per answer.
Not here: how they are carried out (`storage/`), who asks and when (`cluster/`, `zone/`, `web/`).

A long file, because the vocabulary is one table: each word has a class and a sentence.

Invariants: every request may be repeated: the second time changes nothing and answers the same. A request that comes
from a zone names its lease (zone, layer, epoch), and changes nothing unless the store holds that very epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

HOLDER_VOID = 0
"""Where minted things come from and burned things go."""
HOLDER_CHARACTER = 1
HOLDER_GROUND = 2
"""The ground of a zone; its id is `zone number * 256 + layer`."""

AWAY = 0
PLAYING = 1


class ZoneKey(NamedTuple):
    """A zone, or a layer of it."""

    zone: str
    layer: int = 0

    def __str__(self) -> str:
        return self.zone if self.layer == 0 else f"{self.zone}/{self.layer}"


class Holder(NamedTuple):
    """Who holds an asset: `kind` is HOLDER_..., `id` a character or a ground; 0 for the void."""

    kind: int
    id: int


VOID = Holder(HOLDER_VOID, 0)


class LedgerEntry(NamedTuple):
    """`amount` (> 0) of `asset` (the game's item type, 0 = coins) went from `source` to `target`; `reason` is the
    game's word for why, for people."""

    asset: int
    amount: int
    source: Holder
    target: Holder
    reason: int


class HostId(NamedTuple):
    """A process that holds leases: `name` is random and new with every start, `machine` and `pid` say where it runs."""

    name: str
    machine: str
    pid: int


class ZoneLoad(NamedTuple):
    """What a zone tells with every renewal."""

    players: int = 0
    connected: int = 0
    lateness_p99_ms: float = 0.0
    cpu_cores: float = 0.0
    state: str = "running"
    """running, draining or hibernating."""


class LeaseRow(NamedTuple):
    """A row of the directory: who runs a zone, where, and how busy it is."""

    key: ZoneKey
    epoch: int
    host: HostId
    endpoint: str
    """Where its UDP port is, host:port."""
    private_key: bytes
    """Connect tokens are sealed with it; new with every epoch."""
    protocol_id: int
    expires_ms: int
    """By the store's clock; a row whose time is over is nobody's."""
    capacity: int
    load: ZoneLoad
    front_door: str = ""
    """HTTP address of its host, host:port."""


@dataclass(frozen=True, slots=True)
class CharacterRow:
    """A character as the store has it. `record` (the game's bytes, by `layout`) is None before it first played."""

    character: int
    account: int
    name: str
    owner: ZoneKey
    epoch: int
    """Epoch of the owner's lease when it took the character."""
    presence: int
    """AWAY or PLAYING."""
    hop: int
    """Goes up with every change of owner or presence: which of two records is newer."""
    session: int
    x: float
    y: float
    record: bytes | None
    layout: str
    last_input: int


@dataclass(frozen=True, slots=True)
class ZoneState:
    """What a zone's newest cut left: `residents` and `ground` are arrays of records, by `layout`."""

    epoch: int
    cut: int
    tick: int
    residents: bytes
    ground: bytes
    layout: str


# Leases.


@dataclass(frozen=True, slots=True)
class AcquireLease:
    """Take a zone. Granted if nobody has it, its time is over, `dead_host` has it, or `host` itself already does."""

    key: ZoneKey
    host: HostId
    ttl_ms: int
    endpoint: str
    private_key: bytes
    protocol_id: int
    capacity: int
    front_door: str = ""
    dead_host: str = ""
    """Name of a host whose process is known to have ended; its lease ends at once."""


@dataclass(frozen=True, slots=True)
class LeaseGranted:
    """The zone is the host's under `epoch`, one more than any before; what it left, and who was playing there."""

    epoch: int
    state: ZoneState | None
    residents: tuple[CharacterRow, ...]
    """Characters that the zone owns and that are PLAYING; the zone's newest cut may know them better (same hop)."""


@dataclass(frozen=True, slots=True)
class LeaseRefused:
    """Another host has the zone; its lease ends in `left_ms` unless renewed."""

    host: HostId
    left_ms: int


@dataclass(frozen=True, slots=True)
class RenewLease:
    """Keep a zone for another `ttl_ms`. Answered by Done, or by Fenced if it is another's now."""

    key: ZoneKey
    epoch: int
    ttl_ms: int
    load: ZoneLoad


@dataclass(frozen=True, slots=True)
class ReleaseLease:
    """Give a zone back; its epoch stays, so that the next one is higher. Done even if it was another's already."""

    key: ZoneKey
    epoch: int


@dataclass(frozen=True, slots=True)
class ReadDirectory:
    """All leases whose time is not over. Answered by Directory."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Answer to ReadDirectory."""

    rows: tuple[LeaseRow, ...]
    now_ms: int


# Characters and cuts.


@dataclass(frozen=True, slots=True)
class Claim:
    """A player of `character` has come to the zone: it takes ownership, if the character is away, or is its already.

    Answered by Claimed; by ClaimRefused if the character does not exist, plays in another zone or is banned; by Fenced.
    """

    key: ZoneKey
    epoch: int
    character: int
    session: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """The character is the zone's. The row is as it stands after the claim."""

    row: CharacterRow


@dataclass(frozen=True, slots=True)
class ClaimRefused:
    """`owner` is where the character plays now, None if there is no such character, or none that may play."""

    owner: ZoneKey | None


@dataclass(frozen=True, slots=True)
class Leaver:
    """A character that is no longer in the world: it is AWAY from now on, with this record."""

    character: int
    hop: int
    x: float
    y: float
    record: bytes
    last_input: int


@dataclass(frozen=True, slots=True)
class Departure:
    """A character that goes over to another zone: owner := target where owner = this zone and both epochs hold."""

    transfer: int
    """Random u64, the handoff's name: the first outcome under it counts."""
    character: int
    hop: int
    target: ZoneKey
    target_epoch: int
    x: float
    y: float
    record: bytes
    last_input: int
    session: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Everything that a zone writes, as it stood at the end of one tick. One transaction: all of it or nothing.

    Applied only if the zone's epoch is `epoch`; a `cut` number (1, 2, ... within an epoch) that was applied before is
    not applied again but answered the same. Answered by Committed, or by Fenced.
    """

    key: ZoneKey
    epoch: int
    cut: int
    tick: int
    layout: str
    residents: bytes
    """Records of all who play in the zone, frozen ones and this cut's departures included."""
    ground: bytes
    entries: tuple[LedgerEntry, ...] = ()
    leavers: tuple[Leaver, ...] = ()
    departures: tuple[Departure, ...] = ()
    totals: tuple[tuple[int, int], ...] = ()
    """(asset, amount) that residents and ground hold together in the zone's memory, departures included: the auditor
    compares it with what the ledger says."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The cut is durable. `departed[i]` says whether its i-th departure took place; one that did not stays."""

    cut: int
    departed: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class FindArrivals:
    """Characters PLAYING that the zone owns although it never activated them (`known` are those it has).

    For a zone whose neighbour died between commit and activation. Answered by Arrivals, or by Fenced.
    """

    key: ZoneKey
    epoch: int
    known: frozenset[int]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Answer to FindArrivals."""

    rows: tuple[CharacterRow, ...]


@dataclass(frozen=True, slots=True)
class FindCharacter:
    """One character, by id or by name. Answered by CharacterRow or NotFound."""

    character: int = 0
    name: str = ""


# Zones wanted by a gateway or a neighbour; the supervisor starts them.


@dataclass(frozen=True, slots=True)
class WantZone:
    """Somebody needs a zone that does not run. Answered by Done."""

    key: ZoneKey


@dataclass(frozen=True, slots=True)
class TakeWanted:
    """The zones wanted since the last time, each once. Answered by Wanted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Answer to TakeWanted."""

    keys: tuple[ZoneKey, ...]


# Accounts (the gateway's).


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """A new account; `password_hash` is None for a guest. Answered by AccountRow, or by NameTaken."""

    name: str
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class FindAccount:
    """One account, by number or by name. Answered by AccountRow or NotFound."""

    name: str = ""
    account: int = 0


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account. `banned`: it may not play now, and until `ban_until_ms` by the store's clock (0: without an end);
    `ban_reason` is what its player is told."""

    account: int
    name: str
    password_hash: str | None
    banned: bool = False
    ban_until_ms: int = 0
    ban_reason: str = ""

    @property
    def ban_text(self) -> str:
        """What its player is told."""
        until = datetime.fromtimestamp(self.ban_until_ms / 1000, UTC).strftime(" until %Y-%m-%d %H:%M UTC")
        end = until if self.ban_until_ms else ""
        return f"{self.name} may not play here{end}{': ' if self.ban_reason else ''}{self.ban_reason}"


@dataclass(frozen=True, slots=True)
class BanAccount:
    """Nobody plays with this account until `until_ms` (0: without an end): no login, no session, no claim of its
    characters. `by` is who asked for it. Answered by Done or NotFound."""

    account: int
    until_ms: int
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class UnbanAccount:
    """The ban is over. Answered by Done or NotFound."""

    account: int


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Remember a login; only the hash of its secret is stored. Answered by Done."""

    token_hash: bytes
    account: int
    life_ms: int


@dataclass(frozen=True, slots=True)
class FindSession:
    """Answered by AccountRow, or by NotFound if there is no such session (any more)."""

    token_hash: bytes


@dataclass(frozen=True, slots=True)
class CreateCharacter:
    """A new character (id 1 .. 2**24 - 1, never reused), away, at a place of `owner`'s. CharacterRow or NameTaken."""

    account: int
    name: str
    owner: ZoneKey
    x: float
    y: float
    max_characters: int = 8


@dataclass(frozen=True, slots=True)
class ListCharacters:
    """Answered by Characters."""

    account: int


@dataclass(frozen=True, slots=True)
class Characters:
    """Answer to ListCharacters."""

    rows: tuple[CharacterRow, ...]


@dataclass(frozen=True, slots=True)
class DeleteCharacter:
    """Only while AWAY; what it holds is burned in the same transaction. Done, NotFound, or Refused (it plays)."""

    account: int
    character: int


@dataclass(frozen=True, slots=True)
class MoveAway:
    """An AWAY character is to be found at another place (a gateway's wish, e.g. a spawn point). Done or Refused."""

    character: int
    owner: ZoneKey
    x: float
    y: float


# The bus, where it goes through the store.


@dataclass(frozen=True, slots=True)
class Post:
    """A message for everybody who reads `topic`; kept for `life_ms`. Answered by Posted."""

    topic: str
    body: bytes
    life_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class Posted:
    """The message has this number; numbers only go up."""

    number: int


@dataclass(frozen=True, slots=True)
class ReadPosts:
    """Messages with numbers above `after` (-1: none, only learn the newest number). Answered by Posts."""

    after: int
    limit: int = 256


class PostRow(NamedTuple):
    """One message."""

    number: int
    topic: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Posts:
    """Answer to ReadPosts; `newest` is the highest number given out so far, read or not."""

    rows: tuple[PostRow, ...]
    newest: int


# The audit.


@dataclass(frozen=True, slots=True)
class Audit:
    """Add up everything. Answered by AuditReport."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """For each asset what was minted, burned and is held; and every sentence about what does not add up."""

    minted: dict[int, int] = field(default_factory=dict)
    burned: dict[int, int] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    num_entries: int = 0
    problems: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """True if minted - burned = held for every asset, and everything else adds up."""
        return not self.problems


# Short answers.


@dataclass(frozen=True, slots=True)
class Done:
    """It is so."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no such thing."""


@dataclass(frozen=True, slots=True)
class NameTaken:
    """Somebody has that name."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot be done now; `why` is a sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class Fenced:
    """The zone is another's now, or nobody's: whoever asked has lost it and must fall silent."""

    epoch: int
    """The epoch that the store holds."""


Request = (
    AcquireLease
    | RenewLease
    | ReleaseLease
    | ReadDirectory
    | Claim
    | Cut
    | FindArrivals
    | FindCharacter
    | WantZone
    | TakeWanted
    | CreateAccount
    | FindAccount
    | OpenSession
    | FindSession
    | BanAccount
    | UnbanAccount
    | CreateCharacter
    | ListCharacters
    | DeleteCharacter
    | MoveAway
    | Post
    | ReadPosts
    | Audit
)

Answer = (
    LeaseGranted
    | LeaseRefused
    | Directory
    | Claimed
    | ClaimRefused
    | Committed
    | Arrivals
    | CharacterRow
    | Wanted
    | AccountRow
    | Characters
    | Posted
    | Posts
    | AuditReport
    | Done
    | NotFound
    | NameTaken
    | Refused
    | Fenced
)
