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
        ("experience", "u4"),
        ("ledger_serial", "u4"),  # how many movements of its items and coins, and levels, the ledger has seen
        ("level", "u1"),
        ("slot_item", "u1", (INVENTORY_SLOTS,)),  # item type, 0 = empty
        ("slot_count", "u1", (INVENTORY_SLOTS,)),
    ]
)

OWN_FIELDS = ("qx", "qy", "heading", "hp", "max_hp", "target", "attack_ready_tick", "stamina", "state")
PRIVATE_FIELDS = (
    "weapon",
    "kills",
    "deaths",
    "coins",
    "slot_item",
    "slot_count",
    "level",
    "experience",
    "ledger_serial",
)
TIMER_FIELDS = ("attack_ready_tick", "timer_tick", "hurt_tick", "protected_tick", "action_ready_tick")
SAVED_FIELDS = (
    *("qx", "qy", "heading", "hp", "max_hp", "state", "target", "stamina", "home_x", "home_y"),
    *TIMER_FIELDS,
    *PRIVATE_FIELDS,
)
GROUND_FIELDS = ("kind", "qx", "qy", "amount", "timer_tick")

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
INTENT_DROP = 3  # argument: slot | count << 8 (count 0 = all); slot 255 = coins
INTENT_USE = 4  # argument: slot; eats food, takes a weapon in hand
INTENTS = {"attack": 1, "pick_up": 2, "drop": 3, "use": 4}

EVENT_HIT = 1  # amount: damage
EVENT_MISS = 2
EVENT_DEATH = 3
EVENT_RESPAWN = 4
EVENT_HEAL = 5  # amount: health
EVENT_LEVEL = 6  # amount: the new level
EVENT_KINDS = {"hit": 1, "miss": 2, "death": 3, "respawn": 4, "heal": 5, "level": 6}

EFFECT_ATTACK = 1  # amount: damage, 0 = it missed; judged by the owner of the target
EFFECT_CREDIT = 2  # amount: experience for a kill, back to the owner of the killer

REASON_LOOT = 1
REASON_PICK_UP = 2
REASON_DROP = 3
REASON_DEATH = 4
REASON_USE = 5
REASON_DECAY = 6
REASON_TRADE = 7
REASON_LEVEL = 8
REASONS = {1: "loot", 2: "pick up", 3: "drop", 4: "death", 5: "use", 6: "decay", 7: "trade", 8: "level"}

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
COUNT_LEDGER_FULL = 10
COUNT_TRADES = 11
COUNT_LEVELS = 12
COUNT_EFFECTS = 13
COUNT_EFFECTS_REFUSED = 14
COUNT_EFFECTS_LOST = 15
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
    "ledger_full",  # movements refused, because the ledger had no room to note them
    "trades",
    "levels",
    "effects",  # what neighbours' entities did here, as judged
    "effects_refused",  # of those, what the rules did not allow
    "effects_lost",  # attacks across the border for which there was no room
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
