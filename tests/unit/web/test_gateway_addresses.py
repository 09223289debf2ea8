"""Where tokens send clients, and where the gateway may listen."""

from __future__ import annotations

from pathlib import Path

import pytest

from myriad.core.errors import StartupError
from myriad.core.settings import Settings
from myriad.web.gateway.addresses import Client, TokenServers, check_exposure, client_of, parse_prefixes, relay_url
from tests.unit.web.gateway_bench import new_bench

CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUWB+sQk34ep5+vCvAnxP6eYt8JWYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTIzMTg0MVoYDzIxMjYxMTAx
MjMxODQxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARrn3fJlbeKDbXfSOYBxQK9WEeSzZpHG5bZi0hPR2xUaAUusis+uhR+
N5PgnLrwZN5rzKiQvxcNKmUNAfY5nu4wo1MwUTAdBgNVHQ4EFgQU3Ep/Cg9QJOaV
KWGT4NxfOIyrBp0wHwYDVR0jBBgwFoAU3Ep/Cg9QJOaVKWGT4NxfOIyrBp0wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA0kac6TGRyL3W34PY18zY
ph0B68/QLdN62Un++jo3i28CICHbW2F6nbC7dTdlNCkW+bmuNzi7UQ023OJ/vCXK
RtOm
-----END CERTIFICATE-----
"""
KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOTiL8kGuSu+K+6d1
jMiDdSR8d9U0GUaJLLTxY1KDrxqhRANCAARrn3fJlbeKDbXfSOYBxQK9WEeSzZpH
G5bZi0hPR2xUaAUusis+uhR+N5PgnLrwZN5rzKiQvxcNKmUNAfY5nu4w
-----END PRIVATE KEY-----
"""
"""Of localhost, made for this test alone."""


def servers(public: tuple[str, ...], endpoint: str, local_host: str = "127.0.0.1") -> list[str]:
    return [str(server) for server in TokenServers(public).of(endpoint, local_host)]


def test_a_token_names_the_address_at_which_its_zone_is_bound() -> None:
    assert servers((), "10.0.0.7:1400") == ["10.0.0.7:1400"]
    assert servers((), "[2001:db8::7]:1400") == ["[2001:db8::7]:1400"]


@pytest.mark.parametrize(
    ("endpoint", "local_host", "named"),
    [
        ("0.0.0.0:1400", "192.0.2.9", "192.0.2.9:1400"),
        ("[::]:1400", "2001:db8::9", "[2001:db8::9]:1400"),
        ("[::]:1400", "192.0.2.9", "192.0.2.9:1400"),
        ("[::]:1400", "fe80::1%eth0", "[fe80::1]:1400"),
    ],
)
def test_a_zone_bound_to_all_addresses_is_named_by_the_one_that_the_request_came_to(
    endpoint: str, local_host: str, named: str
) -> None:
    assert servers((), endpoint, local_host) == [named]


def test_public_addresses_go_before_with_the_zone_s_port_unless_they_say_another() -> None:
    assert servers(("198.51.100.1", "198.51.100.2:7000"), "0.0.0.0:1400") == ["198.51.100.1:1400", "198.51.100.2:7000"]
    assert servers(("2001:db8::1",), "[::]:1400") == ["[2001:db8::1]:1400"]


def test_a_wrong_public_address_is_one_line_at_the_start() -> None:
    with pytest.raises(StartupError, match="public_addresses"):
        TokenServers(("198.51.100.1:99999",))
    with pytest.raises(StartupError, match="http_exempt_prefixes"):
        parse_prefixes(("10.0.0.0/99",))


def test_play_honours_public_addresses_and_the_address_of_the_request() -> None:
    with new_bench(public_addresses=("198.51.100.1",)) as bench:
        bench.open_zone(endpoint="0.0.0.0:1400")
        granted = bench.post("/v1/play", bench.guest()).json()
        assert granted["servers"] == ["198.51.100.1:1400"]
        assert [str(server) for server in bench.opened(granted)[0].servers] == ["198.51.100.1:1400"]
    with new_bench() as bench:
        bench.open_zone(endpoint="0.0.0.0:1400")
        assert bench.post("/v1/play", bench.guest()).json()["servers"] == ["127.0.0.1:1400"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "behind_proxy", "address"),
    [
        ("192.0.2.1", None, False, "192.0.2.1"),
        ("192.0.2.1", "127.0.0.1", False, "192.0.2.1"),
        ("::ffff:192.0.2.1", None, False, "192.0.2.1"),
        ("127.0.0.1", "192.0.2.1", True, "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1, 192.0.2.1", True, "192.0.2.1"),
        ("127.0.0.1", None, True, "None"),
        ("127.0.0.1", "nonsense", True, "None"),
        (None, None, False, "None"),
    ],
)
def test_who_asks_is_the_peer_or_who_the_proxy_says_last(
    peer: str | None, forwarded: str | None, behind_proxy: bool, address: str
) -> None:
    client = client_of(peer, forwarded, behind_proxy=behind_proxy)
    assert str(client.address) == address
    assert not client.is_local


def test_nobody_is_nowhere() -> None:
    assert not Client(None).is_local and not Client(None).is_in(parse_prefixes(("0.0.0.0/0", "::/0")))


def test_without_tls_the_gateway_listens_on_loopback_only_unless_a_proxy_does_tls() -> None:
    for bind in ("127.0.0.1", "::1", "127.9.9.9"):
        check_exposure(Settings(), bind)
    for bind in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(StartupError) as refused:
            check_exposure(Settings(), bind)
        assert "\n" not in str(refused.value) and "tls_certificate" in str(refused.value)
        check_exposure(Settings(behind_proxy=True), bind)


def test_with_tls_it_listens_everywhere_if_certificate_and_key_can_be_used(tmp_path: Path) -> None:
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    settings = Settings(tls_certificate=str(certificate), tls_key=str(key))
    with pytest.raises(StartupError, match="No such file"):
        check_exposure(settings, "0.0.0.0")
    certificate.write_text("nothing")
    key.write_text("nothing")
    with pytest.raises(StartupError, match="tls_certificate and tls_key cannot be used"):
        check_exposure(settings, "127.0.0.1")
    certificate.write_text(CERTIFICATE)
    key.write_text(KEY)
    check_exposure(settings, "0.0.0.0")


@pytest.mark.parametrize(
    ("settings", "host", "url"),
    [
        (Settings(relay_port=9000), "play.example:8080", "ws://play.example:9000/v1/relay"),
        (Settings(http_port=8080), "127.0.0.1:8080", "ws://127.0.0.1:8081/v1/relay"),
        (Settings(relay_port=9000), "[::1]:8080", "ws://[::1]:9000/v1/relay"),
        (Settings(relay_port=9000), "", "ws://127.0.0.1:9000/v1/relay"),
        (Settings(relay_port=9000), "[broken", "ws://127.0.0.1:9000/v1/relay"),
        (Settings(relay_port=9000, tls_certificate="a", tls_key="b"), "x", "wss://x:9000/v1/relay"),
        (Settings(relay_port=9000, behind_proxy=True), "x", "wss://x:9000/v1/relay"),
        (Settings(relay_url="wss://r.example/v1/relay"), "x", "wss://r.example/v1/relay"),
    ],
)
def test_browsers_are_told_the_relay_as_they_reach_the_gateway(settings: Settings, host: str, url: str) -> None:
    assert relay_url(settings, host) == url
