"""Emberdale's words: entity fields, states, intents, buttons, events, counters.

Responsible for: every number that rules and clients name. Not here: game balance (`data/*.toml`).

Invariant: numbers of states, intents, buttons and events are part of the game's protocol; new ones go to the end.
"""

from __future__ import annotations

from myriad.game import entity_dtype

INVENTORY_SLOTS = 20

ENTITY = entity_dtype(
    [
        ("target", "u4"),  # entity id that is being attacked or fled from, 0 = nobody
        ("attack_ready_tick", "u4"),  # first tick at which the next attack is allowed
        ("timer_tick", "u4"),  # dead: respawn; item: disappears; NPC: rest, flight or way home ends
        ("mode", "u1"),  # NPC: what it is up to (MODE_...)
        ("weapon", "u1"),  # item type in hand, 0 = fists
        ("stamina", "u2"),  # hundredths of a point
        ("step_x", "i2"),  # NPC: walking step, 1/1024 m a tick
        ("step_y", "i2"),
        ("steps_left", "u2"),  # NPC: ticks until it stops
        ("place", "i2"),  # NPC: its camp, a row of `places`; -1 = none
        ("home_x", "i4"),  # NPC: centre of its wandering; player: where it respawns (1/1024 m)
        ("home_y", "i4"),
        ("hurt_tick", "u4"),  # last tick that took health
        ("protected_tick", "u4"),  # players: not to be attacked before this tick
        ("action_ready_tick", "u4"),  # first tick at which the next item action is allowed
        ("amount", "u2"),  # item: how many
        ("kills", "u2"),
        ("deaths", "u2"),
        ("coins", "u4"),
        ("slot_item", "u1", (INVENTORY_SLOTS,)),  # item type, 0 = empty
        ("slot_count", "u1", (INVENTORY_SLOTS,)),
    ]
)

OWN_FIELDS = ("qx", "qy", "heading", "hp", "max_hp", "target", "attack_ready_tick", "stamina", "state")
PRIVATE_FIELDS = ("weapon", "kills", "deaths", "coins", "slot_item", "slot_count")

KIND_PLAYER = 1

STATE_IDLE = 0
STATE_WALKING = 1
STATE_RUNNING = 2
STATE_FIGHTING = 3
STATE_DEAD = 4
STATES = {"idle": 0, "walking": 1, "running": 2, "fighting": 3, "dead": 4}

BUTTON_RUN = 1
BUTTON_ATTACK = 2
BUTTONS = {"run": BUTTON_RUN, "attack": BUTTON_ATTACK}

INTENT_ATTACK = 1  # argument: entity id; attacks now if possible, and the attack button goes on with it
INTENT_PICK_UP = 2  # argument: entity id of a ground item, 0 = the nearest
INTENT_DROP = 3  # argument: slot | count << 8 (count 0 = all)
INTENT_USE = 4  # argument: slot; eats food, takes a weapon in hand
INTENTS = {"attack": 1, "pick_up": 2, "drop": 3, "use": 4}

EVENT_HIT = 1  # amount: damage
EVENT_MISS = 2
EVENT_DEATH = 3
EVENT_RESPAWN = 4
EVENT_HEAL = 5  # amount: health
EVENT_KINDS = {"hit": 1, "miss": 2, "death": 3, "respawn": 4, "heal": 5}

MODE_REST = 0
MODE_WANDER = 1
MODE_CHASE = 2
MODE_RETURN = 3
MODE_FLEE = 4

TEMPER_PEACEFUL = 0
TEMPER_TERRITORIAL = 1
TEMPER_AGGRESSIVE = 2

AREA_SANCTUARY = 1

COUNT_ATTACKS = 0
COUNT_HITS = 1
COUNT_MISSES = 2
COUNT_DEATHS = 3
COUNT_RESPAWNS = 4
COUNT_PICKUPS = 5
COUNT_DROPS = 6
COUNT_USES = 7
COUNT_REFUSED = 8
COUNT_ITEMS_LOST = 9
COUNTERS = (
    "attacks",
    "hits",
    "misses",
    "deaths",
    "respawns",
    "pickups",
    "drops",
    "uses",
    "refused",  # intents that the rules did not allow
    "items_lost",  # loot for which the ground had no room
)

# Purposes of random numbers: one per draw of an entity in a tick.
DRAW_HIT = 1
DRAW_DAMAGE = 2
DRAW_REST = 3
DRAW_ANGLE = 4
DRAW_DISTANCE = 5
DRAW_COINS = 6
DRAW_PLACE = 7
DRAW_LOOT = 16  # one per loot entry
