"""Every setting of the server: one documented row each, and how a value is found.

Responsible for: the table of settings, reading flags, environment and TOML file in that order of precedence, and
refusing what is wrong with one line that names the source.
Not here: the flags themselves (`cli/flags.py` makes them from the rows).

A row is a field of `Settings`: name and type, then default, unit, sentence, minimum, maximum or choices. Another frozen
dataclass of rows (a command's own flags) is loaded by the same code. `docs/settings.md` is generated from the rows.

Invariants: a `Settings` is never changed once made, and none exists whose values contradict each other.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, get_type_hints

from myriad.core.errors import StartupError

T = TypeVar("T")

ENVIRONMENT_PREFIX: Final = "MYRIAD_"
FILE_VARIABLE: Final = "MYRIAD_SETTINGS"
"""Environment variable that names the TOML file, as `--settings` does."""

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


def row(
    default: object,
    unit: str,
    sentence: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """One field of a table of settings, `name: type = row(...)`, of type int, float, bool, str or tuple[str, ...]."""
    metadata = {"unit": unit, "sentence": sentence, "minimum": minimum, "maximum": maximum, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of servers and worlds, checked."""

    # Where it listens.
    zone: str = row("zone-1", "", "Name of the zone that `myriad server` runs.")
    bind: str = row("127.0.0.1", "", "Address to listen on, IPv4 or IPv6; :: or 0.0.0.0 for all.")
    port: int = row(
        1337, "", "Port of one zone: UDP for the game, TCP for its HTTP front door; 0 takes any free one.", 0, 65535
    )
    http_port: int = row(8080, "", "HTTP port of a world; 0 takes any free one.", 0, 65535)
    udp_port_base: int = row(1337, "", "First UDP port of a world's zones; 0 takes any free port.", 0, 65535)
    public_addresses: tuple[str, ...] = row(
        (), "", "Addresses that connect tokens name, host:port or host; empty: the address that the login was made to."
    )

    # A world of zones.
    zones: int = row(20, "zones", "Zones of a world; beyond the game's own, maps are made by seed.", 1, 4096)
    zones_per_host: int = row(10, "zones", "Zones that one process runs, each in a thread of its own.", 1, 256)
    max_hosts: int = row(
        0, "processes", "Processes that run a world's zones at most; 0: four more than its zones need.", 0, 4096
    )
    max_layers: int = row(
        8, "layers", "Layers of one zone at most, the first included; very large worlds take fewer.", 1, 8
    )
    layer: int = row(0, "", "Which layer of its zone `myriad server` runs.", 0, 255)
    data: str = row("data", "", "Folder of a world's state.")
    store: str = row("", "", "Where the state is: postgresql://...; empty: SQLite in the data folder.")
    store_sync: str = row(
        "normal",
        "",
        "What SQLite survives: the death of any process (normal), or of the machine too (full).",
        choices=("normal", "full"),
    )
    bus: str = row("", "", "How world-wide messages travel: redis://...; empty: through the store.")
    standalone: bool = row(False, "", "Run zones without a store: nothing is saved, and nobody leaves a zone.")
    lease_ttl_s: float = row(10.0, "s", "How long a zone may speak without renewing its lease.", 1, 300)
    lease_renew_s: float = row(2.0, "s", "How often a zone renews its lease.", 0.1, 100)
    cut_ms: int = row(500, "ms", "How often a zone writes what has changed.", 50, 60000)
    store_queue: int = row(4096, "requests", "Requests of a host that may wait for the store.", 16, 65536)
    hibernate_after_s: float = row(60.0, "s", "How long an empty zone of a world runs on; 0 never hibernates.", 0)
    watchdog_s: float = row(5.0, "s", "A host whose zones did not tick for so long is restarted.", 0.5, 600)
    trade_distance_m: float = row(10.0, "m", "How far two who trade may stand apart.", 1, 100)
    audit_s: float = row(60.0, "s", "How often everything is added up.", 1, 86400)

    # The gateway.
    guests: str = row(
        "auto",
        "",
        "Whether one may play by name alone; auto: only when bound to loopback.",
        choices=("auto", "on", "off"),
    )
    max_characters: int = row(8, "characters", "Characters of one account.", 1, 1000)
    max_online: int = row(10000, "players", "Players that the machine takes; more wait in the login queue.", 1, 1000000)
    max_queue: int = row(10000, "players", "Players that may wait to get in.", 0, 1000000)
    tls_certificate: str = row("", "", "File with the gateway's certificate chain (PEM).")
    tls_key: str = row("", "", "File with the certificate's private key (PEM).")
    behind_proxy: bool = row(False, "", "A proxy in front does TLS: listen beyond loopback without it.")
    logins_per_account_min: int = row(10, "1/min", "Failed logins of one account in a minute.", 1, 100000)
    plays_per_account_min: int = row(
        300, "1/min", "Requests of one account to enter the world or to go back into it, in a minute.", 1, 100000
    )
    requests_per_address_min: int = row(
        120, "1/min", "Requests for accounts and logins of one /32 or /64 in a minute.", 1, 10000000
    )
    http_exempt_prefixes: tuple[str, ...] = row(
        ("127.0.0.0/8", "::1/128"), "", "Networks (CIDR) that the gateway's limits do not apply to."
    )

    # Operations.
    ops_token: str = row(
        "", "", "What opens /ops and its API, as a bearer token; empty: only programs of this machine may."
    )

    # The relay for browsers.
    relay_port: int = row(
        0, "", "HTTP port of the relay; 0: the one after http_port, or any free one where that is any.", 0, 65535
    )
    relay_url: str = row(
        "", "", "What browsers are told instead of this host's relay_port, such as wss://play.example/v1/relay."
    )
    relay_players: int = row(1000, "players", "Browsers that the relay takes.", 1, 16000)
    relay_waiting_kib: int = row(
        64, "KiB", "What may wait for a browser that reads slowly, besides its newest snapshots.", 1, 65536
    )
    relay_opens_per_address_min: int = row(
        240, "1/min", "Connections that one /32 or /64 may begin in a minute through the relay.", 1, 10000000
    )
    relay_origins: tuple[str, ...] = row(
        (), "", "Pages that may use the relay, scheme://host:port, or *; those of its own host may always."
    )

    # What it simulates.
    seed: int = row(1, "", "Seed of everything random in the simulation.", 0, 2**63 - 1)
    npcs: int = row(500, "NPCs", "NPCs that the zone's camps hold together.", 0, 20000)
    tick_hz: int = row(60, "Hz", "Simulation steps a second.", 10, 240)
    snapshot_hz: int = row(20, "Hz", "Snapshots a second to each client; divides tick_hz.", 1, 60)
    catch_up_ticks: int = row(5, "ticks", "Late ticks made up for at once; more are skipped and counted.", 1, 60)
    max_seconds: float = row(0.0, "s", "Stop by itself after this time; 0 runs until stopped.", 0)
    allow_spawn_choice: str = row(
        "auto",
        "",
        "Whether a login may name its spawn point; auto: only when bound to loopback.",
        choices=("auto", "on", "off"),
    )

    # How much it holds.
    max_players: int = row(500, "players", "Players that one zone admits.", 1, 8000)
    max_connections: int = row(
        1024, "connections", "Rows for connections, lingering and arriving ones included.", 16, 8192
    )
    max_entities: int = row(8192, "entities", "Rows for players, NPCs and items on the ground of one zone.", 64, 65536)

    # Connections.
    timeout_s: float = row(8.0, "s", "Silence after which a connection counts as lost.", 1, 60)
    linger_s: float = row(30.0, "s", "How long the avatar of a lost connection stays in the world.", 0, 600)
    token_life_s: int = row(45, "s", "Life of a connect token.", 5, 45)
    rate_kbit_start: int = row(200, "kbit/s", "Rate per client at the start.", 32, 10000)
    rate_kbit_min: int = row(64, "kbit/s", "Rate per client that congestion never goes below.", 32, 10000)
    rate_kbit_max: int = row(600, "kbit/s", "Rate per client that is never exceeded.", 32, 10000)
    handshake_failures_per_s: int = row(
        20, "1/s", "Failed connection requests a second from one /24 or /56 before it is ignored.", 1, 100000
    )
    handshake_failures_total_per_s: int = row(
        2000,
        "1/s",
        "Failed connection requests a second from everywhere before all but exempt networks are ignored.",
        1,
        1000000,
    )
    handshake_exempt_prefixes: tuple[str, ...] = row(
        ("127.0.0.0/8", "::1/128"), "", "Networks (CIDR) that the limits on failed requests do not apply to."
    )
    handshake_budget: int = row(16, "requests", "Connection requests and responses decrypted in one tick.", 1, 1024)
    chat_per_s: float = row(
        2.0, "1/s", "Chat messages a second that one player may send, after a burst of five.", 0.1, 100
    )

    # How it works.
    receive_budget: int = row(4096, "datagrams", "Datagrams taken from the socket in one tick.", 64, 65536)
    receive_buffer_kib: int = row(4096, "KiB", "Receive buffer asked of the operating system per zone.", 64, 65536)
    view_digests: bool = row(False, "", "Keep digests of what every cell holds for 2 s, so that views can be checked.")
    slice_clients: int = row(
        1000,
        "clients",
        "From this many clients on, snapshots are sent in slices over the ticks of one interval.",
        1,
        8192,
    )
    fallback_sockets: bool = row(False, "", "Use recvfrom and sendto even where recvmmsg and sendmmsg exist.")
    kernel_cache: str = row("", "", "Folder for compiled kernels; empty: the user's cache folder.")
    slow_tick_ms: float = row(
        25.0,
        "ms",
        "A tick that takes longer is counted, and logged with its phases (one a second); 0: none.",
        0,
        10000,
    )
    log_format: str = row("text", "", "Lines for people or for machines.", choices=("text", "json"))
    log_level: str = row("info", "", "Least severe messages to print.", choices=("debug", "info", "warning", "error"))

    def __post_init__(self) -> None:
        """Raises StartupError where two values contradict each other."""
        if self.tick_hz % self.snapshot_hz:
            raise StartupError(f"snapshot_hz {self.snapshot_hz} does not divide tick_hz {self.tick_hz}")
        if not self.rate_kbit_min <= self.rate_kbit_start <= self.rate_kbit_max:
            raise StartupError("rates must be ordered: rate_kbit_min <= rate_kbit_start <= rate_kbit_max")
        if self.max_connections < self.max_players:
            raise StartupError(f"max_connections {self.max_connections} is below max_players {self.max_players}")
        if self.max_entities < self.max_players + self.npcs:
            raise StartupError(f"max_entities {self.max_entities} is below max_players + npcs")
        if self.lease_renew_s * 2 > self.lease_ttl_s:
            raise StartupError("lease_renew_s must be at most half of lease_ttl_s")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise StartupError("tls_certificate and tls_key go together")


class Setting(NamedTuple):
    """One row of a table of settings. `kind` is int, float, bool, str or list."""

    name: str
    kind: str
    unit: str
    default: object
    sentence: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]

    @property
    def flag(self) -> str:
        """Its long option."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return ENVIRONMENT_PREFIX + self.name.upper()


_KINDS: Final[dict[object, str]] = {int: "int", float: "float", bool: "bool", str: "str", tuple[str, ...]: "list"}


def table(kind: type[Any]) -> tuple[Setting, ...]:
    """The rows of `Settings`, or of another dataclass made of `row` fields, in their order."""
    hints = get_type_hints(kind)
    return tuple(
        Setting(name=field.name, kind=_KINDS[hints[field.name]], default=field.default, **field.metadata)
        for field in dataclasses.fields(kind)
    )


def load(
    kind: type[T],
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> T:
    """A checked `kind` from, in this order: `flags` (by name, None is absent), `environment`, TOML `file`, defaults.

    `environment` is the whole environment: names without MYRIAD_ are ignored. Raises StartupError with one line that
    names the source of what is wrong, unknown names included.
    """
    rows = {setting.name: setting for setting in table(kind)}
    values: dict[str, object] = {}
    chosen_file = (environment or {}).get(FILE_VARIABLE) if file is None else str(file)
    if chosen_file:
        for name, value in _read_file(Path(chosen_file)).items():
            values[name] = parse(_find(rows, name, chosen_file), value, chosen_file)
    for variable, text in sorted((environment or {}).items()):
        if variable.startswith(ENVIRONMENT_PREFIX) and variable != FILE_VARIABLE:
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            values[name] = parse(_find(rows, name, f"the environment ({variable})"), text, variable)
    for name, given in (flags or {}).items():
        if given is not None:
            setting = _find(rows, name, "the flags")
            values[name] = parse(setting, given, setting.flag)
    return kind(**values)


def parse(setting: Setting, value: object, source: str) -> object:
    """`value` as `setting` wants it; text is converted. Raises StartupError that names setting and `source`."""
    converted = _convert(setting, value)
    if converted is None:
        raise StartupError(f"{setting.name}: {value!r} from {source} is not {_WANTED[setting.kind]}")
    if setting.choices and converted not in setting.choices:
        raise StartupError(f"{setting.name}: {value!r} from {source} is none of {', '.join(setting.choices)}")
    if isinstance(converted, int | float):
        unit = f" {setting.unit}" if setting.unit else ""
        if setting.minimum is not None and not converted >= setting.minimum:
            raise StartupError(f"{setting.name}: {value} from {source} is below {setting.minimum:g}{unit}")
        if setting.maximum is not None and not converted <= setting.maximum:
            raise StartupError(f"{setting.name}: {value} from {source} is above {setting.maximum:g}{unit}")
    return converted


_WANTED: Final = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list of texts",
}


def _convert(setting: Setting, value: object) -> int | float | str | tuple[str, ...] | None:
    """The value in the setting's type, or None if it cannot be one."""
    match setting.kind, value:
        case "bool", bool():
            return value
        case "bool", str() if value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        case "list", str():
            return tuple(item.strip() for item in value.split(",") if item.strip())
        case "list", list() | tuple() if all(isinstance(item, str) for item in value):
            return tuple(value)
        case "str", str():
            return value
        case "int", (int() | str()) if not isinstance(value, bool):
            return _number(value, int)
        case "float", (int() | float() | str()) if not isinstance(value, bool):
            return _number(value, float)
    return None


def _number(value: int | float | str, kind: type[int] | type[float]) -> int | float | None:
    try:
        number = kind(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _find(rows: Mapping[str, Setting], name: str, source: str) -> Setting:
    if name in rows:
        return rows[name]
    near = difflib.get_close_matches(name, rows, n=1)
    hint = f"; did you mean {near[0]}?" if near else "; `myriad settings` lists them all"
    raise StartupError(f"unknown setting {name} in {source}{hint}")


def _read_file(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StartupError(f"cannot read the settings file {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupError(f"the settings file {file} is not TOML: {error}") from None
