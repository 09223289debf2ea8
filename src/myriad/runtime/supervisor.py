"""The supervisor of a world: which processes run, with which zones, and what follows when one ends, hangs or is full.

Responsible for: starting gateway and hosts, restarting what died, the watchdog, waking and ending zones as the scaling
policy decides, and stopping in order.
Not here: forking (`runtime/fleet.py`), sockets, signals and sleeping (`runtime/world_process.py`), the policy
(`cluster/scaling.py`), leases (a host takes them itself).

Everything that happens comes in by a method with the time, so tests move it by hand.

A long file, because whatever may happen to a world's processes meets in the state of one object.

Invariants: a zone is at any moment in the charge of one host at most; a host is started again only after its process is
known to have ended, and is told which host that was, so that it takes the leases over at once; once stopping, nothing
is started any more; a zone that an operator ended is held: only an operator starts it again.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from myriad.cluster.requests import HostId, LeaseRow, ZoneKey, ZoneLoad
from myriad.cluster.scaling import AddLayer, Decision, Hibernate, ScalingLimits, ScalingPolicy, Start, choose_host
from myriad.core.clock import NS_PER_S
from myriad.core.errors import EXIT_CANNOT_START, EXIT_OK
from myriad.core.log_lines import Lines
from myriad.runtime.control import Message
from myriad.runtime.fleet import Child, Fleet, Run
from myriad.runtime.happenings import Happenings
from myriad.runtime.host_identity import host_id, new_token
from myriad.runtime.restarts import BackOff
from myriad.runtime.tenancy import DRAINING, RUNNING

_LOG = Lines(__name__)

DECIDE_S: Final = 1.0
FIRST_BEAT_S: Final = 15.0
STOP_S: Final = 7.0
"""How long hosts may take to drain."""
GATEWAY_STOP_S: Final = 2.0
"""How long gateway and relay may take to end, once the hosts have."""
_PAUSE_S: Final = 1.0
_MAX_DECISIONS: Final = 200


class Plan(NamedTuple):
    """What a world is to be."""

    zones: tuple[ZoneKey, ...]
    eager: tuple[ZoneKey, ...]
    """Those of them that run from the start."""
    always: tuple[ZoneKey, ...]
    """Those that never sleep."""
    limits: ScalingLimits
    watchdog_s: float
    capacity: int
    """Players of one zone."""


class Launch(NamedTuple):
    """How children are made: closures over settings and sockets, run in the child."""

    gateway: Run
    host: Callable[[str, Sequence[tuple[ZoneKey, str]]], Run]
    """`(token, [(zone, dead host)])`: the random part of its name, and what it runs at once."""
    socket_of: Callable[[ZoneKey], int]
    """Descriptor of a zone's bound UDP socket, opened if there is none yet."""
    relay: Run | None = None
    """None: this world has no relay for browsers."""


class Slot:
    """A place for a child, which outlives the child."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.child: Child | None = None
        self.identity: HostId | None = None
        self.dead_host = ""
        self.zones: set[ZoneKey] = set()
        self.beats: dict[ZoneKey, Message] = {}
        self.front_door = ""
        self.numbers: Message = {}
        """What a relay says of itself."""
        self.num_starts = 0
        self.back_off = BackOff()
        self.start_at_s: float | None = None
        self.watch_s = 0.0
        """When the child has to have been heard of."""
        self.was_heard = False

    @property
    def idle(self) -> bool:
        """True if there is nothing to run it for."""
        return self.child is None and not self.zones


class Supervisor:
    """See above."""

    def __init__(self, plan: Plan, fleet: Fleet, launch: Launch, now_s: float) -> None:
        self.gateway = Slot("gateway")
        self.relay = Slot("relay")
        self.hosts: list[Slot] = []
        self.exit_code = EXIT_OK
        self.stopping = False
        self.asleep: set[ZoneKey] = set(plan.zones) - set(plan.eager)
        """Zones that nobody runs: a datagram at their sockets is to be told by `want`."""
        self.decisions: deque[Message] = deque(maxlen=_MAX_DECISIONS)
        self._counts: Counter[str] = Counter()
        self._plan = plan
        self._fleet = fleet
        self._launch = launch
        self._policy = ScalingPolicy(plan.limits, plan.always)
        self.held = self._policy.held
        self.happened = Happenings()
        self._wanted: set[ZoneKey] = set()
        self._decide_s = now_s + DECIDE_S
        self._stop_by_s = 0.0
        self._last_s = now_s
        per_host = plan.limits.zones_per_host
        for i in range(0, len(plan.eager), per_host):
            self._new_host().zones.update(plan.eager[i : i + per_host])

    def start(self, now_s: float) -> None:
        """Starts everything."""
        self._start_gateway(now_s)
        self._start_relay(now_s)
        for slot in self.hosts:
            self._start_host(slot, now_s)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All of them, those without a child included."""
        return (self.gateway, self.relay, *self.hosts)

    # What happens.

    def heard(self, child: Child, message: Message, now_s: float) -> None:
        """A child sent a message."""
        slot = self._slot_of(child)
        if slot is None:
            return
        slot.was_heard = True
        slot.watch_s = now_s + self._plan.watchdog_s
        if slot is self.relay:
            slot.numbers = {key: value for key, value in message.items() if key != "type"}
        elif message["type"] == "beat" and slot is not self.gateway:
            slot.front_door = message["front_door"]
            before, slot.beats = slot.beats, {ZoneKey(zone["zone"], zone["layer"]): zone for zone in message["zones"]}
            self.happened.heard(slot.name, before, slot.beats, now_s)
        elif message["type"] == "ended":
            self._ended(slot, ZoneKey(message["zone"], message["layer"]), now_s)
        elif message["type"] == "wanted":
            for zone, layer in message["zones"]:
                self.want(ZoneKey(zone, layer), now_s)
        elif message["type"] == "command" and slot is self.gateway:
            ok, text = self._obey(message["what"], ZoneKey(message["zone"], message["layer"]), message["by"], now_s)
            child.channel.send({"type": "done", "number": message["number"], "ok": ok, "text": text})

    def child_ended(self, child: Child, code: int, now_s: float) -> None:
        """A child's process is known to have ended."""
        child.channel.close()
        slot = self._slot_of(child)
        if slot is None:
            return
        level = logging.INFO if self.stopping else logging.WARNING
        _LOG.log(level, "%s ended (%s)", slot.name, _how(code), host=slot.name, pid=child.pid, starts=slot.num_starts)
        if not self.stopping:
            self.happened.note(
                "crash", f"process {child.pid} ended: {_how(code)}", now_s, host=slot.name, lost=slot.zones
            )
        slot.child, slot.beats = None, {}
        for key in slot.zones & self.held:  # it was to end anyway
            self._ended(slot, key, now_s)
        if slot.identity is not None:
            slot.dead_host = slot.identity.name
        if code == EXIT_CANNOT_START and not slot.was_heard and slot.num_starts == 1:
            self.exit_code = EXIT_CANNOT_START
            self.stop(now_s)
        if not self.stopping:
            self._counts["restarts"] += 1
            slot.start_at_s = now_s + slot.back_off.ended(now_s)
            self.step(now_s)

    def want(self, key: ZoneKey, now_s: float) -> None:
        """Somebody wants a zone to run."""
        if key not in self.held and key.zone in {known.zone for known in self._plan.zones}:
            self._wanted.add(key)
            self._decide_s = min(self._decide_s, now_s)

    def stop(self, now_s: float) -> None:
        """Nobody comes in any more, hosts drain, then all end."""
        if self.stopping:
            return
        self.stopping = True
        self._stop_by_s = now_s + STOP_S
        for slot in self.slots:
            slot.start_at_s = None
        if self.gateway.child is not None:
            self.gateway.child.channel.send({"type": "drain"})
        for slot in self.hosts:
            if slot.child is not None:
                slot.child.channel.send({"type": "stop"})
        self.step(now_s)

    def kill_all(self) -> None:
        """At once."""
        for slot in self.slots:
            if slot.child is not None:
                self._fleet.kill(slot.child)

    def step(self, now_s: float) -> None:
        """What is due by now; called at least twice a second."""
        if now_s - self._last_s > _PAUSE_S:  # this process was paused: children could not be heard
            for slot in self.slots:
                slot.watch_s = max(slot.watch_s, now_s + self._plan.watchdog_s)
        self._last_s = now_s
        if self.stopping:
            self._step_stopping(now_s)
            return
        self._watch(now_s)
        for slot in self.slots:
            if slot.start_at_s is not None and now_s >= slot.start_at_s:
                slot.start_at_s = None
                self._start_again(slot, now_s)
        if now_s >= self._decide_s:
            self._decide_s = now_s + DECIDE_S
            self._decide(now_s)

    @property
    def finished(self) -> bool:
        """True once everything has stopped."""
        return self.stopping and not any(slot.child for slot in self.slots)

    @property
    def running(self) -> bool:
        """True if gateway, relay and all zones that were to run from the start do."""
        states = {key: beat["state"] for slot in self.hosts for key, beat in slot.beats.items()}
        relay_runs = self.relay.was_heard or self._launch.relay is None
        return self.gateway.was_heard and relay_runs and all(states.get(key) == RUNNING for key in self._plan.eager)

    def status(self) -> Message:
        """For the gateway, which shows it."""
        return {
            "type": "fleet",
            "hosts": [_status_of(slot) for slot in self.hosts if not slot.idle],
            "asleep": [str(key) for key in sorted(self.asleep)],
            "held": [str(key) for key in sorted(self.held)],
            "decisions": list(self.decisions)[-20:],
            "counts": dict(self._counts),
            "gateway": _process_of(self.gateway),
            "relay": _process_of(self.relay) if self._launch.relay is not None else None,
        }

    # How it is done.

    def _slot_of(self, child: Child) -> Slot | None:
        return next((slot for slot in self.slots if slot.child is child), None)

    def _new_host(self) -> Slot:
        slot = Slot(f"host-{len(self.hosts) + 1}")
        self.hosts.append(slot)
        return slot

    def _start_gateway(self, now_s: float) -> None:
        self._begin(self.gateway, self._fleet.start("gateway", self._launch.gateway), now_s)

    def _start_relay(self, now_s: float) -> None:
        if self._launch.relay is not None:
            self._begin(self.relay, self._fleet.start("relay", self._launch.relay), now_s)

    def _start_host(self, slot: Slot, now_s: float) -> None:
        token = new_token()
        zones = [(key, slot.dead_host) for key in sorted(slot.zones)]
        child = self._fleet.start(slot.name, self._launch.host(token, zones))
        slot.identity = host_id(token, child.pid)
        self._begin(slot, child, now_s)

    def _begin(self, slot: Slot, child: Child, now_s: float) -> None:
        slot.child, slot.was_heard = child, False
        _LOG.info("%s starts", slot.name, host=slot.name, pid=child.pid, starts=slot.num_starts + 1)
        slot.watch_s = now_s + max(self._plan.watchdog_s, FIRST_BEAT_S)
        slot.num_starts += 1
        slot.back_off.started(now_s)
        if slot.num_starts > 1:
            text = f"started again as process {child.pid}{': it runs ' if slot.zones else ''}"
            zones = ", ".join(map(str, sorted(slot.zones)))
            self.happened.note("restart", f"{text}{zones}", now_s, host=slot.name)

    def _start_again(self, slot: Slot, now_s: float) -> None:
        if slot is self.gateway:
            self._start_gateway(now_s)
        elif slot is self.relay:
            self._start_relay(now_s)
        elif slot.zones:
            self._start_host(slot, now_s)

    def _watch(self, now_s: float) -> None:
        for slot in self.slots:
            if slot.child is None:
                continue
            hung = [key for key, beat in slot.beats.items() if beat["working_s"] > self._plan.watchdog_s]
            if hung or now_s >= slot.watch_s:
                what = f"{', '.join(map(str, hung))} does not tick" if hung else "it was not heard of"
                _LOG.error("%s hangs (%s): it is killed", slot.name, what, host=slot.name, pid=slot.child.pid)
                self.happened.note("hang", f"it is killed: {what}", now_s, host=slot.name)
                self._counts["hung"] += 1
                slot.watch_s = now_s + FIRST_BEAT_S
                slot.beats = {}
                self._fleet.kill(slot.child)

    def _step_stopping(self, now_s: float) -> None:
        hosts = [slot.child for slot in self.hosts if slot.child is not None]
        if hosts and now_s >= self._stop_by_s:
            _LOG.error("hosts did not drain in time and are killed")
            for child in hosts:
                self._fleet.kill(child)
            self._stop_by_s = now_s + STOP_S
        if hosts:
            return
        for slot in (self.gateway, self.relay):  # the relay carries the hosts' farewells
            if slot.child is None:
                continue
            if slot.start_at_s is None:  # now used for the moment by which it has to have ended
                slot.start_at_s = now_s + GATEWAY_STOP_S
                slot.child.channel.send({"type": "stop"})
            elif now_s >= slot.start_at_s:
                self._fleet.kill(slot.child)

    def _ended(self, slot: Slot, key: ZoneKey, now_s: float) -> None:
        slot.zones.discard(key)
        slot.beats.pop(key, None)
        self.asleep.add(key)
        if not self.stopping:
            until = ", and stays down until an operator starts it" if key in self.held else ""
            self.happened.note("ended", f"all is written{until}", now_s, key=key, host=slot.name)

    # What operators ask.

    def _obey(self, what: str, key: ZoneKey, by: str, now_s: float) -> tuple[bool, str]:
        """Whether it can be done, and a sentence."""
        slot = self._host_of(key)
        if self.stopping:
            return False, "the world is stopping"
        if what == "start":
            return self._start_by_hand(key, slot, now_s)
        if slot is None or slot.child is None or slot.beats.get(key, {}).get("state") != RUNNING:
            return False, f"{key} does not run"
        if what == "drain":
            self.held.add(key)
            slot.child.channel.send({"type": "end", "zone": key.zone, "layer": key.layer})
            return True, f"drains {key}, which stays down until it is started"
        self.happened.reasons[key] = f"asked for by {by}"
        slot.child.channel.send({"type": "restart", "zone": key.zone, "layer": key.layer})
        return True, f"restarts {key}"

    def _start_by_hand(self, key: ZoneKey, slot: Slot | None, now_s: float) -> tuple[bool, str]:
        for held in [held for held in self.held if held.zone == key.zone]:
            self.held.discard(held)
        if slot is not None:
            return False, f"{key} runs, or is about to, or has not ended yet"
        self._assign(key, now_s)
        charged = self._host_of(key)
        return charged is not None, f"starts {key}" if charged else f"{key} cannot run: every host is full"

    # Scaling.

    def _decide(self, now_s: float) -> None:
        wanted, self._wanted = self._wanted, set()
        rows = [row for slot in self.hosts for row in self._rows_of(slot)]
        for decision in self._policy.decide(rows, wanted, int(now_s * NS_PER_S)):
            self._carry_out(decision, now_s)

    def _rows_of(self, slot: Slot) -> Iterable[LeaseRow]:
        """The directory as heartbeats tell it."""
        if slot.identity is None:
            return
        for key, beat in slot.beats.items():
            if beat["state"] in {RUNNING, DRAINING}:
                load = ZoneLoad(*beat["load"])
                if beat["state"] == DRAINING:
                    load = load._replace(state="draining")
                yield LeaseRow(key, beat["epoch"], slot.identity, "", b"", 0, 0, self._plan.capacity, load)

    def _carry_out(self, decision: Decision, now_s: float) -> None:
        word = type(decision).__name__
        charged = self._host_of(decision.key)
        if isinstance(decision, Start | AddLayer):
            if charged is not None:  # a host that is being restarted, or that waits for the lease
                return
            self._assign(decision.key, now_s)
        elif charged is not None and charged.child is not None:
            charged.child.channel.send({"type": "end", "zone": decision.key.zone, "layer": decision.key.layer})
        self._counts[_COUNTED.get(type(decision), "merged")] += 1
        zone, layer = decision.key
        _LOG.info("%s %s: %s", word, decision.key, decision.reason, zone=zone, layer=layer, decision=word)
        if isinstance(decision, Start):
            self.happened.reasons[decision.key] = decision.reason
        else:
            kind = "hibernate" if isinstance(decision, Hibernate) else "layer"
            self.happened.note(kind, f"{_TOLD[word]}: {decision.reason}", now_s, key=decision.key)
        self.decisions.append({"what": word, "zone": str(decision.key), "reason": decision.reason, "at_s": now_s})

    def _assign(self, key: ZoneKey, now_s: float) -> None:
        """Puts a zone in the charge of a host, a new one if need be."""
        used = {slot.name: slot for slot in self.hosts if not slot.idle}
        cores = {
            name: sum(ZoneLoad(*beat["load"]).cpu_cores for beat in slot.beats.values()) for name, slot in used.items()
        }
        name = choose_host({name: len(slot.zones) for name, slot in used.items()}, cores, self._plan.limits)
        if name is None:
            _LOG.error("%s cannot run: every host is full", key, zone=key.zone, layer=key.layer)
            return
        slot = used[name] if name else next((slot for slot in self.hosts if slot.idle), None) or self._new_host()
        slot.zones.add(key)
        self.asleep.discard(key)
        if slot.child is not None:
            message: dict[str, Any] = {"type": "run", "zone": key.zone, "layer": key.layer, "dead_host": slot.dead_host}
            slot.child.channel.send(message, self._launch.socket_of(key))
        elif slot.start_at_s is None:
            self._launch.socket_of(key)
            self._start_host(slot, now_s)

    def _host_of(self, key: ZoneKey) -> Slot | None:
        return next((slot for slot in self.hosts if key in slot.zones), None)


_TOLD: Final = {
    "AddLayer": "one more layer",
    "MergeLayer": "merged with the other layers",
    "Hibernate": "goes to sleep",
}
_COUNTED: Final = {Start: "started", AddLayer: "layers_added", Hibernate: "hibernated"}


def _status_of(slot: Slot) -> Message:
    return {
        "name": slot.name,
        "pid": slot.child.pid if slot.child is not None else None,
        "front_door": slot.front_door,
        "starts": slot.num_starts,
        "zones": {str(key): beat["state"] for key, beat in sorted(slot.beats.items())},
        "charge": [str(key) for key in sorted(slot.zones)],
    }


def _process_of(slot: Slot) -> Message:
    return {"pid": slot.child.pid if slot.child is not None else None, "starts": slot.num_starts, **slot.numbers}


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
