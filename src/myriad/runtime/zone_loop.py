"""The loop of one zone: receive, tick, send, sleep.

Responsible for: when a zone receives and ticks, what it measures, commands from other threads between ticks, handing
on what the zone asks of the store and says on the bus, and telling clients at the end.
Not here: the thread around it (`runtime/zone_thread.py`), what it needs of a zone, a port and the world around
(`runtime/zone_ports.py`).

One `turn` sleeps and then does what is due. A zone with players sleeps until its next tick, whatever arrives meanwhile:
packets are taken once per tick. An idle zone sleeps until a packet comes, but looks at the socket at most once per tick
interval, so that a flood does not keep it awake.

Invariants: never more ticks in a row than the step's catch-up; receiving ends after its budget of datagrams and half a
tick's time, and what is left waits in the socket; a command runs between ticks, on this thread; a zone of a world
takes no batch and sends none without a look at its lease right before, so a process that was paused is silent.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from myriad.core.clock import NS_PER_S, Clock, FixedStep
from myriad.core.histogram import record
from myriad.core.phases import PHASE_RECEIVE, PHASE_SEND
from myriad.runtime.clocks import thread_cpu_ns
from myriad.runtime.lean_turn import RECEIVE_BATCH, LeanTurn
from myriad.runtime.quiet_collection import QuietCollection
from myriad.runtime.slow_ticks import SlowTicks
from myriad.runtime.turn_kernels import ATTENTION, CALLED, EARLY, NEEDED, OPENED, PAUSED
from myriad.runtime.zone_measures import ZoneMeasures
from myriad.runtime.zone_ports import DatagramPort, LeanZone, WorldTies, ZoneLike
from myriad.wire.datagram import new_batch

T = TypeVar("T")

MakeLeanTurn = Callable[[ZoneMeasures, int, int], LeanTurn]
"""`(measures, interval_ns, receive_budget)`."""

CPU_EVERY_TURNS = 8
"""The thread's CPU time is a system call to read."""
MAX_WAITING_COMMANDS = 4096
_COMMANDS_NS = 2_000_000


class ZoneLoop:
    """Runs one zone on one thread, turn by turn."""

    def __init__(
        self,
        zone: ZoneLike,
        port: DatagramPort,
        clock: Clock,
        *,
        tick_hz: int,
        catch_up_ticks: int = 5,
        receive_budget: int = 4096,
        collection: QuietCollection | None = None,
        cpu_ns: Callable[[], int] = thread_cpu_ns,
        world: WorldTies | None = None,
        idle_sleep_ns: int = NS_PER_S,
        lean: MakeLeanTurn | None = None,
        slow_ticks: SlowTicks | None = None,
    ) -> None:
        """`receive_budget` datagrams (>= 1) are taken per turn at most; `cpu_ns` reads the thread's CPU time; `lean`
        makes the kernels of a turn, for zones and ports that have them; `world`
        is None for a zone that stands alone; an idle zone is polled every `idle_sleep_ns`."""
        self.measures = ZoneMeasures()
        self._working_since_ns = 0
        self._zone = zone
        self._port = port
        self._clock = clock
        self._step = FixedStep(tick_hz, catch_up_ticks)
        self._interval_ns = NS_PER_S // tick_hz
        self._receive_budget = receive_budget
        self._collection = collection
        self._cpu_ns = cpu_ns
        self._world = world
        self._told_finished = False
        self._idle_sleep_ns = idle_sleep_ns
        self._lean = None if lean is None else lean(self.measures, self._interval_ns, receive_budget)
        self.slow_ticks = slow_ticks or SlowTicks(0)
        self._batch = new_batch(RECEIVE_BATCH)
        self._called = False
        """Commands may wait."""
        self._needed = False
        """Commands ran that the next tick has to see the outcome of."""
        self._commands: queue.Queue[Callable[[], None]] = queue.Queue(MAX_WAITING_COMMANDS)
        self._first: deque[Callable[[], None]] = deque()
        self._was_idle = True
        self._rest = False
        self._turns = 0
        self._closed = threading.Event()
        now_ns = clock.now_ns()
        self._step.start(now_ns)
        self._next_poll_ns = now_ns

    @property
    def working_since_ns(self) -> int:
        """When it last woke; 0 while it sleeps, so that another thread can see whether it hangs."""
        return self._working_since_ns or (0 if self._lean is None else self._lean.working_since_ns)

    def call(self, function: Callable[[], T]) -> Future[T]:
        """Runs `function` on the loop's thread between ticks. Raises RuntimeError if closed or full."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                if self._closed.is_set():
                    raise RuntimeError("the zone has stopped")
                future.set_result(function())
            except Exception as error:  # belongs to who asked
                future.set_exception(error)

        self._enqueue(run)
        return future

    def post(self, function: Callable[[], object]) -> None:
        """As `call`, for what has no result that anybody waits for: an error in it is the loop's."""
        self._enqueue(lambda: self._unless_closed(function))

    def post_first(self, function: Callable[[], object]) -> None:
        """As `post`, before everything else that waits, and never too many: what the zone itself has asked for, whose
        number is bounded there. Raises RuntimeError if closed."""
        if self._closed.is_set():
            raise RuntimeError("the zone has stopped")
        self._first.append(lambda: self._unless_closed(function))
        self._called = True
        self._port.wake()

    def _unless_closed(self, function: Callable[[], object]) -> None:
        if not self._closed.is_set():
            function()

    def _enqueue(self, run: Callable[[], None]) -> None:
        if self._closed.is_set():
            raise RuntimeError("the zone has stopped")
        try:
            self._commands.put_nowait(run)
        except queue.Full:
            raise RuntimeError("too many commands wait for the zone") from None
        self._called = True
        self._port.wake()
        if self._closed.is_set():  # it closed meanwhile, and nobody else looks at the queue any more
            self._refuse_commands()

    def turn(self) -> None:
        """Sleeps until something is due and does it."""
        if self._zone.idle:
            self._idle_turn()
        elif self._lean is not None:
            self._lean_turn(self._lean, self._lean.zone)
        else:
            self._busy_turn()
        self._turns += 1
        if self._turns % CPU_EVERY_TURNS == 1:
            self.measures.cpu_ns = self._cpu_ns()
            if self._lean is not None:
                self._lean.note_counts()

    def close(self) -> None:
        """Tells clients that the zone ends, and refuses commands from now on, those that wait included."""
        self._closed.set()
        self._refuse_commands()
        self._zone.close(self._clock.now_ns())
        self._send()
        self._hand_on()
        self.measures.cpu_ns = self._cpu_ns()
        self._working_since_ns = 0

    def _refuse_commands(self) -> None:
        while True:
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return
            command()

    # Long because it is the tick's way through Python, in order, and every call more would be paid 60 times a second.
    def _lean_turn(self, lean: LeanTurn, zone: LeanZone) -> None:
        """As `_busy_turn`: whole ticks in a kernel while nobody needs Python, then one with a kernel at each end."""
        step, out, clock_ns = self._step, zone.outbox, self._clock.now_ns
        if self._was_idle:
            self._was_idle = False
            step.start(clock_ns())
        out.begin()
        self._working_since_ns = 0
        self.measures.turn_begins()
        if not self._needed and out.used == 0 and lean.runs_by_itself:
            came = lean.run(step, zone.speak_until_ns, self.slow_ticks.slow_ns)
            if came & PAUSED:
                self.slow_ticks.look(lean.turn_ns, 1, lean.spent_ns, lean.left_ns)
                return
            needed = came & ATTENTION != 0
        else:
            needed = self._needed or zone.attention_is_next
            came = lean.begin(step.next_due_ns, zone.speak_until_ns, out.used, may_open=not needed)
        back_ns = clock_ns()
        now_ns, left_ns = lean.now_ns, lean.left_ns
        self._working_since_ns = now_ns
        out.used = lean.used
        if came & CALLED:
            self._port.forget_wakes()
        if self._called:
            self._called = False
            zone.set_now(now_ns)
            self._needed = needed = self._run_commands() or needed
        if came & EARLY:
            return
        self._needed = False
        step.due_one(now_ns)
        if now_ns >= zone.speak_until_ns:
            self._rest_turn(now_ns)
        else:
            needed = needed or came & NEEDED != 0
            if needed:
                num_peers = lean.take_peers()
                if num_peers:
                    zone.take_peers(lean.peers, num_peers, now_ns)
                zone.attend(now_ns)
                if not came & OPENED:
                    zone.open(now_ns)
            stepping_ns = clock_ns()
            zone.advance()
            stepped_ns = slow_end_ns = clock_ns()
            if needed:
                zone.attend_end(now_ns)
                slow_end_ns = clock_ns()
            show = zone.take_show()
            out.hand_over()
            slow_ns = stepping_ns - left_ns + slow_end_ns - stepped_ns
            spent = (back_ns - left_ns, slow_ns, stepped_ns - stepping_ns)
            lean.finish(out.used, zone.speak_until_ns, show, spent)
            if needed:
                self._hand_on()
        end_ns = clock_ns()
        self.measures.turn_ended(lean.spent_ns, now_ns)
        self.slow_ticks.look(end_ns - now_ns, 1, lean.spent_ns, end_ns)
        self._turn_ended(1, now_ns, end_ns, offers=needed)

    def _rest_turn(self, now_ns: int) -> None:
        """Instead of ticks while the lease is over."""
        self._zone.poll(now_ns)
        self._send()
        self._hand_on()

    def _tick(self) -> None:
        tick_ns = self._clock.now_ns()
        if self._may_speak():
            self._zone.tick(tick_ns)
        else:
            self._zone.poll(tick_ns)
        self._send()
        self._hand_on()

    def _turn_ended(self, due: int, now_ns: int, end_ns: int, *, offers: bool) -> None:
        """Counts the ticks of a turn that began at `now_ns`; `offers` some of the time that is left to collection."""
        measures = self.measures
        measures.num_ticks += due
        measures.num_skipped_ticks = self._step.skipped_ticks
        self._zone.observe_load((end_ns - now_ns) / NS_PER_S, due * self._interval_ns / NS_PER_S)
        if offers:
            self._offer_collection(end_ns, self._step.next_due_ns - end_ns)

    def _busy_turn(self) -> None:
        if self._was_idle:
            self._was_idle = False
            self._step.start(self._clock.now_ns())
        self._sleep(self._step.next_due_ns - self._clock.now_ns(), for_packets=False)
        self._run_commands()
        now_ns = self._clock.now_ns()
        due = self._step.due(now_ns)
        if due == 0:
            return
        measures = self.measures
        phases = self._zone.phases
        phases.clear()
        record(measures.lateness, self._step.lateness_ns)
        self._receive(now_ns)
        for _ in range(due):
            self._tick()
        measures.record_phases(phases.spent_ns)
        end_ns = self._clock.now_ns()
        record(measures.turn, end_ns - now_ns)
        self.slow_ticks.look(end_ns - now_ns, due, phases.spent_ns, end_ns)
        self._turn_ended(due, now_ns, end_ns, offers=True)

    def _idle_turn(self) -> None:
        self._was_idle = True
        now_ns = self._clock.now_ns()
        if self._rest:
            now_ns = self._sleep(self._interval_ns, for_packets=False)
        else:
            now_ns = self._sleep(self._next_poll_ns - now_ns, for_packets=True)
        self._rest = False
        commanded = self._run_commands()
        received = self._receive(now_ns)
        if received == 0 and not commanded and now_ns < self._next_poll_ns:
            return
        self._rest = received > 0
        self._zone.poll(now_ns)
        self._next_poll_ns = now_ns + (self._interval_ns if received else self._idle_sleep_ns)
        self._send()
        self._hand_on()
        self._zone.phases.clear()
        if not received:
            self._offer_collection(now_ns, self._idle_sleep_ns)

    def _sleep(self, timeout_ns: int, *, for_packets: bool) -> int:
        if timeout_ns <= 0:
            self._working_since_ns = self._clock.now_ns()
            return self._working_since_ns
        self._working_since_ns = 0
        woke_ns = self._port.wait(timeout_ns, for_packets=for_packets)
        now_ns = self._working_since_ns = self._clock.now_ns()
        record(self.measures.gil_wait, now_ns - woke_ns)
        return now_ns

    def _receive(self, now_ns: int) -> int:
        """Hands on what waits in the socket, within the budget; returns the number of datagrams."""
        wall_s = self._clock.wall_s()
        end_ns = now_ns + self._interval_ns // 2
        start_ns = self._clock.now_ns()
        total = 0
        while True:
            count = self._port.receive(self._batch)
            if count > 0:
                if self._may_speak():
                    self._zone.receive(self._batch, count, now_ns, wall_s)
                else:
                    self.measures.num_silenced += count
                total += count
            if count < len(self._batch):
                break
            if total >= self._receive_budget or self._clock.now_ns() >= end_ns:
                self.measures.num_receive_cut += 1
                break
        self._zone.phases.spent_ns[PHASE_RECEIVE] += self._clock.now_ns() - start_ns
        return total

    def _send(self) -> None:
        batch, count = self._zone.outgoing
        if count > 0:
            start_ns = self._clock.now_ns()
            if self._may_speak():
                self._port.send(batch, count)
            else:
                self.measures.num_silenced += count
            self._zone.phases.spent_ns[PHASE_SEND] += self._clock.now_ns() - start_ns

    def _may_speak(self) -> bool:
        return self._world is None or self._world.zone.may_speak(self._clock.now_ns())

    def _hand_on(self) -> None:
        """What the zone asks and says goes out, and its end is told."""
        if self._world is None:
            return
        zone, outside = self._world
        requests = zone.take_requests()
        if requests:
            outside.ask(requests)
        posts = zone.take_posts()
        if posts:
            outside.publish(posts)
        if not self._told_finished and (zone.fenced or zone.drained):
            self._told_finished = True
            outside.finished()

    def _run_commands(self) -> bool:
        """Runs what other threads handed over; False if there was nothing."""
        ran = bool(self._first)
        while self._first:
            self._first.popleft()()
            self.measures.num_commands += 1
        if self._commands.empty():
            return ran
        end_ns = self._clock.now_ns() + _COMMANDS_NS
        while True:
            try:
                command: Callable[[], Any] = self._commands.get_nowait()
            except queue.Empty:
                return True
            command()
            self.measures.num_commands += 1
            if self._clock.now_ns() >= end_ns:
                self._called = True
                self._port.wake()  # the rest follows after what is due
                return True

    def _offer_collection(self, now_ns: int, slack_ns: int) -> None:
        if self._collection is not None and self._collection.offer(now_ns, slack_ns):
            self.measures.num_collections += 1
