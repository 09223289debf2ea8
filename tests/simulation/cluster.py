"""Four zones, a gateway, a store, a network, players, and everything that can go wrong with them, from one seed."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from myriad.cluster.requests import (
    AWAY,
    AccountRow,
    Answer,
    CharacterRow,
    CreateAccount,
    CreateCharacter,
    Directory,
    FindCharacter,
    ReadDirectory,
    ZoneKey,
)
from tests.simulation.beings import ASSETS, WORLD, Archive
from tests.simulation.client import Client
from tests.simulation.disk import Asker, Disk
from tests.simulation.process import Process
from tests.simulation.referee import Broken, Referee
from tests.simulation.timeline import Network, Timeline
from tests.simulation.wires import Down, Token, Up

ROOM = 100
KEYS = tuple(ZoneKey(zone.name) for zone in WORLD.zones)


class Options(NamedTuple):
    num_characters: int = 6
    fault_s: float = 6.0
    settle_s: float = 20.0


class Cluster:
    def __init__(self, seed: int, options: Options) -> None:
        self.seed = seed
        self.options = options
        self.timeline = Timeline(seed)
        self.archive = Archive()
        self.referee = Referee()
        self.network = Network(self.timeline)
        self.disk = Disk(self.timeline, self.referee)
        self.gateway_down = False
        self.max_beings = ROOM
        self.deadly = 0.0
        """How likely a process dies at each step of its work."""
        self.deadly_steps: dict[str, int] = {}
        """After how many more times a step of that name is somebody's last."""
        self.steps: Counter[str] = Counter()
        self.current: dict[ZoneKey, Process] = {}
        self.processes: dict[str, Process] = {}
        self.clients: dict[str, Client] = {}
        self.num_deaths = 0
        self._number = 0
        self._gateway = Asker()
        self._characters: list[int] = []

    def new_number(self) -> int:
        self._number += 1
        return self._number

    # Setting up.

    def build(self) -> None:
        account = self.disk.execute(CreateAccount("everybody", None))
        assert isinstance(account, AccountRow)
        for i in range(self.options.num_characters):
            x, y = self.timeline.chance.uniform(5, 195), self.timeline.chance.uniform(5, 195)
            area = WORLD.zone_at(x, y)
            assert area is not None
            row = self.disk.execute(CreateCharacter(account.account, f"c{i}", ZoneKey(area.name), x, y, 100))
            assert isinstance(row, CharacterRow)
            self._characters.append(row.character)
        for key in KEYS:
            self.start(key, "")
        for character in self._characters:
            self.add_client(f"player {character}", character).login()

    def start(self, key: ZoneKey, dead_host: str) -> Process:
        process = Process(self, key, f"{key}#{self.new_number()}", dead_host, self.max_beings)
        self.current[key] = self.processes[process.host.name] = process
        self.referee.zones.append(process.zone)
        process.run()
        return process

    def add_client(self, name: str, character: int) -> Client:
        client = Client(
            name,
            character,
            self.timeline,
            new_number=self.new_number,
            send=lambda address, up: self._send_up(name, address, up),
            play=self._play,
        )
        self.clients[name] = client
        return client

    def is_deadly(self, step: str) -> bool:
        self.steps[step] += 1
        left = self.deadly_steps.get(step)
        if left is not None:
            self.deadly_steps[step] = left - 1
        return left == 0 or (self.deadly > 0 and self.timeline.happens(self.deadly))

    # The supervisor.

    def has_died(self, process: Process) -> None:
        self.num_deaths += 1
        self.referee.zones.remove(process.zone)
        if self.current[process.key] is process:
            known_dead = process.host.name if self.timeline.happens(0.7) else ""
            delay_s = self.timeline.chance.uniform(0.05, 0.6)
            self.timeline.after(delay_s, lambda: self._restart(process, known_dead))

    def _restart(self, process: Process, known_dead: str) -> None:
        if self.current[process.key] is process:
            self.start(process.key, known_dead).replaces = process.replaces

    def needs(self, process: Process) -> bool:
        """False for a process that was to replace one that goes on."""
        if process.replaces is not None and not process.replaces.dead and not process.replaces.paused:
            self.current[process.key] = process.replaces
        return self.current[process.key] is process

    def replace(self, key: ZoneKey) -> None:
        """A second process for a zone, which gets it when the lease of the first is over."""
        old = self.current[key]
        if old.paused and old.started and not old.dead:
            self.start(key, "").replaces = old

    # Wires.

    def carry(self, source: str, endpoint: str, packet: bytes) -> None:
        self.referee.speaks(self.processes[source].member)
        target = self.processes.get(endpoint)
        if target is not None:
            self.network.send(source, endpoint, lambda: target.do(lambda: target.hear_peer(packet, source)))

    def _send_up(self, client: str, address: str, up: Up) -> None:
        target = self.processes[address]
        self.network.send(client, address, lambda: target.do(lambda: target.hear_client(up)))

    def send_down(self, address: str, client: str, down: Down) -> None:
        self.referee.speaks(self.processes[address].member)
        self.network.send(address, client, lambda: self.clients[client].receive(down))

    # The gateway.

    def _play(self, client: Client, new_session: bool) -> None:
        """A token for wherever the character is, after what a gateway takes to find out; None if that is nowhere."""
        if new_session or not client.session:
            client.session = self.timeline.chance.getrandbits(64)
        session = client.session

        def found(row: Answer | None, directory: Answer | None) -> None:
            token = None
            if isinstance(row, CharacterRow) and isinstance(directory, Directory) and not self.gateway_down:
                token = self._token(row, directory, session)
            self.timeline.after(self.timeline.chance.uniform(0.01, 0.05), lambda: client.take_token(token))

        def read_directory(row: Answer | None) -> None:
            self.disk.submit(self._gateway, ReadDirectory(), lambda directory: found(row, directory))

        self.disk.submit(self._gateway, FindCharacter(client.character), read_directory)

    def _token(self, row: CharacterRow, directory: Directory, session: int) -> Token | None:
        area = WORLD.zone_at(row.x, row.y)
        key = row.owner if row.presence != AWAY or area is None else ZoneKey(area.name)
        lease = next((lease for lease in directory.rows if lease.key == key), None)
        if lease is None:
            return None
        return Token(self.new_number(), lease.endpoint, key, row.character, session, False)

    # The end.

    def all_play(self) -> bool:
        now_ns = self.timeline.now_ns
        zones_run = all(not each.dead and each.member.may_speak(now_ns) for each in self.current.values())
        return (
            zones_run
            and not self.disk.num_late
            and all(client.playing for client in self.clients.values() if not client.stopped)
        )

    def settle(self) -> None:
        """Without faults everybody plays within a bounded time."""
        end_s = self.timeline.now_s + self.options.settle_s
        steady = 0
        while steady < 5:
            if self.timeline.now_s > end_s:
                away = [client.name for client in self.clients.values() if not client.stopped and not client.playing]
                raise Broken(f"{', '.join(away)} did not play again within {self.options.settle_s} s")
            self.timeline.run_until(self.timeline.now_s + 0.2)
            steady = steady + 1 if self.all_play() else 0

    def drain(self) -> None:
        """All zones stop in order: then all is in the store."""
        for client in self.clients.values():
            client.stop()
        for process in self.current.values():
            process.do(process.drain)
        end_s = self.timeline.now_s + 8
        while not all(process.member.drained for process in self.current.values()):
            if self.timeline.now_s > end_s:
                raise Broken("a zone is not drained within 8 s")
            self.timeline.run_until(self.timeline.now_s + 0.2)

    def check_store(self) -> None:
        """After `drain`: every record says what the ledger says, and nothing confirmed is missing."""
        self.disk.audit()
        for character in self._characters:
            row = self.disk.execute(FindCharacter(character))
            assert isinstance(row, CharacterRow)
            if row.presence != AWAY or row.record is None:
                raise Broken(f"character {character} is not away")
            being = self.archive.being(row.record)
            self.referee.intact(character, being)
            held = self.disk.holdings(character)
            if held != {asset: being.purse[asset] for asset in ASSETS if being.purse[asset]}:
                raise Broken(f"character {character} has {being.purse}, the ledger says {held}")
