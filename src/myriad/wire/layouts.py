"""Numbers of the inner protocol: kinds, flags, limits and sizes, each once.

Responsible for: the constants that both ends share; `docs/protocol.md` is tested against them.
Not here: the code that reads and writes packets (`netcode/`, `replication/`, `zone/`, `client/`).

Invariant: everything on the wire is little-endian.
"""

from __future__ import annotations

PROTOCOL_MAJOR = 1
PROTOCOL_MINOR = 0

# Inner header: u8 kind|flags, u16 sequence, u16 ack, u32 ack_bits.
INNER_HEADER_BYTES = 9
KIND_MASK = 0x0F
KIND_INPUT = 1
KIND_SNAPSHOT = 2
KIND_CONTROL = 3
FLAG_RELIABLE = 0x10

# Input packets.
INPUT_FIXED_BYTES = 6  # newest number, render ticks back, number of entries
INPUT_ENTRY_BYTES = 7  # without the argument
MAX_INPUT_ENTRIES = 32
MAX_ENTRY_TICKS = 64
MAX_INPUT_TICKS = 128
MAX_NACKS = 4
NACK_BYTES = 6
MAX_WHOIS = 4
WHOIS_BYTES = 4

# Snapshot header: u32 tick, u32 last input, i8 buffer hint, u8 dilation, i16 view x, i16 view y, u8 flags.
SNAPSHOT_HEADER_BYTES = 15
SNAPSHOT_TIER_MASK = 0x03
SNAPSHOT_OWN = 0x04
SNAPSHOT_PRIVATE = 0x08
SNAPSHOT_WHOIS = 0x10
SNAPSHOT_KEYFRAMES = 0x20
SNAPSHOT_MULTI = 0x40

# Cells, parts and rings.
CELL_M = 50
CELL_MARGIN_M = 7
UNITS_PER_M = 1024  # of exact positions (own state, NACK-free parts of the protocol)
CELL_UNITS = CELL_M * UNITS_PER_M
MARGIN_UNITS = CELL_MARGIN_M * UNITS_PER_M
POSITION_SHIFT = 4  # 1/1024 m to 1/64 m
MAX_CELL_POSITION = 4095
VIEW_RADIUS_CELLS = 2
VIEW_SIDE_CELLS = 5
VIEW_CELLS = 25
MAX_PARTS = 8
MAX_PART_ENTITIES = 64
TARGET_PART_ENTITIES = 40
RECORD_BYTES = 11
PEER_BYTE = 0xFF
"""First byte of packets between zones; no netcode packet begins so."""
CALM_PEER_BYTE = 0xFE
"""The same, of packets with nothing but border blocks: they may wait until the receiver looks at them anyway."""
EVENT_BYTES = 6
EVENT_SNAPSHOTS = 5
KEYFRAME_LEAD_SNAPSHOTS = 5
KEYFRAME_HEADER_BYTES = 4

SECTION_DELTA = 1
SECTION_FULL = 2
DELTA_CHANGED = 1
DELTA_REMOVED = 2
DELTA_ENTERED = 4
DELTA_EVENTS = 8
FIELD_POSITION = 1
FIELD_HEADING = 2
FIELD_CONDITION = 4

REMOVED_MOVED_ELSEWHERE = 8
REMOVED_MOVED_PART = 9
REMOVED_DESPAWNED = 10
REMOVED_HIDDEN = 11

RING_PERIODS = ((1, 2, 4), (2, 4, 8), (4, 8, 0))
"""Snapshots between two sendings of a near, mid and far cell, a row a tier; 0 is not in view."""

# Reliable channels.
CHANNEL_CONTROL = 0
CHANNEL_INVENTORY = 1
CHANNEL_CHAT = 2
NUM_CHANNELS = 3

CONTROL_WELCOME = 1
CONTROL_GOODBYE = 2
CONTROL_LOAD = 3
CONTROL_PASSAGE = 4
CONTROL_WALL = 5
CONTROL_EVENT = 6
EVENT_STARTED = 1
EVENT_ENDED = 2

INVENTORY_CONFIRMED = 1
INVENTORY_TRADE = 2
TRADE_ASK = 1
TRADE_OFFER = 2
TRADE_CONFIRM = 3
TRADE_CANCEL = 4
TRADE_GIVE = 5
TRADE_ASKED = 1
TRADE_OPEN = 2
TRADE_DONE = 3
TRADE_CANCELLED = 4
TRADE_FLAG_MINE = 1
TRADE_FLAG_PARTNER = 2
MAX_TRADE_ASSETS = 20
ASSET_COINS = 0
ASSET_LEVEL = 255
"""In CONFIRMED only: the balance is the character's level."""

CHAT_SAY = 1
CHAT_HEARD = 2
CHAT_TELL = 3
"""A whisper, from a player; heard with scope CHAT_WHISPER."""
CHAT_ZONE = 0
CHAT_NEARBY = 1
CHAT_WORLD = 2
CHAT_WHISPER = 3
CHAT_NOTICE = 4
MAX_CHAT_BYTES = 200
MAX_NAME_BYTES = 24
