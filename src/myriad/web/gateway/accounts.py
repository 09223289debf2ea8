"""Accounts and sessions: who somebody is.

Responsible for: registering, logging in by password or as a guest, and whose session a request brings.
Not here: hashing (`passwords.py`), limits (`gateway.py`), characters (`entering.py`).

Invariants: of a session's secret only its hash leaves the process; a name with a password is never a guest's; nobody
learns from an answer, or from its time, whether an account exists, but by registering its name.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Final

from myriad.cluster.requests import (
    AccountRow,
    CreateAccount,
    Done,
    FindAccount,
    FindSession,
    NameTaken,
    NotFound,
    OpenSession,
)
from myriad.core.clock import Clock
from myriad.core.log_lines import Lines
from myriad.web.checks import checked_name
from myriad.web.gateway.addresses import Client
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.messages import LoginAnswer, LoginRequest, RegisterRequest
from myriad.web.gateway.passwords import Passwords, checked_password
from myriad.web.gateway.ports import StorePort
from myriad.web.refusals import Refusal

_LOG = Lines(__name__)

SESSION_LIFE_S: Final = 24 * 3600
_SECRET_BYTES = 32
_SECRET_CHARACTERS = 43
_SCHEME = "bearer "


class Accounts:
    """See above."""

    def __init__(
        self,
        gateway: Gateway,
        store: StorePort,
        passwords: Passwords,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._passwords = passwords
        self._clock = clock
        self._random_bytes = random_bytes

    async def register(self, request: RegisterRequest, client: Client) -> LoginAnswer:
        """A new account, logged in. Raises Refusal or StoreUnavailable, as all here."""
        self._gateway.limit_address(client, self._clock.now_ns())
        name, password = checked_name(request.name), checked_password(request.password)
        hashed = await self._passwords.hash(password)
        answer = await self._store.ask(CreateAccount(name, hashed))
        if not isinstance(answer, AccountRow):
            self._gateway.counts["registers", "taken"] += 1
            raise Refusal(409, "name_taken", f"{name} is somebody's name already")
        self._gateway.counts["registers", "done"] += 1
        _LOG.info("%s has an account", name, account=answer.account, network=client.network)
        return await self._open_session(answer)

    async def login(self, request: LoginRequest, client: Client) -> LoginAnswer:
        """By password, or as a guest without one."""
        self._gateway.limit_address(client, self._clock.now_ns())
        name = checked_name(request.name)
        if request.password is None:
            account = await self.guest(name)
        else:
            account = await self._by_password(name, request.password, client)
        kind = "guest" if account.password_hash is None else "password"
        self._gateway.counts["logins", kind] += 1
        _LOG.info("%s logged in", account.name, account=account.account, network=client.network, kind=kind)
        return await self._open_session(account)

    async def guest(self, name: str) -> AccountRow:
        """The account of a guest's name, made if there is none."""
        if not self._gateway.guests:
            raise Refusal(403, "not_allowed", "this world takes no guests: register, and log in with a password")
        answer = await self._store.ask(FindAccount(name))
        if isinstance(answer, NotFound):
            answer = await self._store.ask(CreateAccount(name, None))
            if isinstance(answer, NameTaken):  # somebody was quicker
                answer = await self._store.ask(FindAccount(name))
        if not isinstance(answer, AccountRow) or answer.password_hash is not None:
            self._gateway.counts["logins", "failed"] += 1
            raise Refusal(409, "name_taken", f"{name} has a password: log in with it, or choose another name")
        return _not_banned(answer)

    async def by_session(self, header: str | None, client: Client) -> AccountRow:
        """Whose request it is, by its `Authorization` header."""
        secret = (header or "")[len(_SCHEME) :].strip()
        if header is None or not header.lower().startswith(_SCHEME) or len(secret) != _SECRET_CHARACTERS:
            raise self._unknown_session(client)
        answer = await self._store.ask(FindSession(_hash_of(secret)))
        if not isinstance(answer, AccountRow):
            raise self._unknown_session(client)
        return _not_banned(answer)

    def _unknown_session(self, client: Client) -> Refusal:
        """Guessing counts as a login."""
        self._gateway.limit_address(client, self._clock.now_ns())
        return Refusal(401, "unauthorized", "log in first: the request needs a session token that is still good")

    async def _by_password(self, name: str, password: str, client: Client) -> AccountRow:
        self._gateway.limit_account(client, name, self._clock.now_ns())
        failed = False
        try:
            answer = await self._store.ask(FindAccount(name))
            account = answer if isinstance(answer, AccountRow) else None
            failed = not await self._passwords.verify(password, account.password_hash if account is not None else None)
        finally:
            if not failed:
                self._gateway.forgive_account(client, name)
        if account is None or failed:
            self._gateway.counts["logins", "failed"] += 1
            _LOG.info("a login failed", name=name, network=client.network)
            raise Refusal(401, "wrong_password", "there is no such account, or that is not its password")
        return _not_banned(account)

    async def _open_session(self, account: AccountRow) -> LoginAnswer:
        secret = base64.urlsafe_b64encode(self._random_bytes(_SECRET_BYTES)).decode().rstrip("=")
        answer = await self._store.ask(OpenSession(_hash_of(secret), account.account, SESSION_LIFE_S * 1000))
        if not isinstance(answer, Done):
            raise Refusal(401, "unauthorized", "the account is gone")
        return LoginAnswer(secret, account.account, account.name, account.password_hash is None, SESSION_LIFE_S)


def _hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _not_banned(account: AccountRow) -> AccountRow:
    if account.banned:
        raise Refusal(403, "banned", account.ban_text)
    return account
