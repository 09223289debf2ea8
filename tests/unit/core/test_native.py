"""C functions by name: what kernels call is libsodium, and it gives the same bytes as PyNaCl's own call."""

from __future__ import annotations

import ctypes

import nacl.bindings
import numpy as np
import pytest

from myriad.core import native
from myriad.core.errors import StartupError
from myriad.core.kernel import kernel

pytestmark = pytest.mark.without_jit

ENCRYPT = native.declare(
    "crypto_aead_chacha20poly1305_ietf_encrypt",
    *("i32", "p", "p", "p", "u64", "p", "u64", "p", "p", "p"),
    library="libsodium",
)


@kernel
def encrypt(out: int, out_length: int, text: int, length: int, nonce: int, key: int) -> int:
    return ENCRYPT(out, out_length, text, length, 0, 0, 0, nonce, key)


def test_pynacl_s_wheel_exports_the_functions_that_kernels_call() -> None:
    library = ctypes.CDLL(native.libsodium_path())
    for name in ("chacha20poly1305_ietf", "xchacha20poly1305_ietf"):
        for verb in ("encrypt", "decrypt"):
            assert hasattr(library, f"crypto_aead_{name}_{verb}")


def test_a_kernel_encrypts_the_same_bytes_as_pynacl() -> None:
    key, nonce, text = np.arange(32, dtype=np.uint8), np.arange(12, dtype=np.uint8), np.arange(200, dtype=np.uint8)
    out, length = np.zeros(216, np.uint8), np.zeros(1, np.uint64)
    result = encrypt(
        out.ctypes.data, length.ctypes.data, text.ctypes.data, len(text), nonce.ctypes.data, key.ctypes.data
    )
    wanted = nacl.bindings.crypto_aead_chacha20poly1305_ietf_encrypt(
        text.tobytes(), None, nonce.tobytes(), key.tobytes()
    )
    assert (result, int(length[0]), out.tobytes()) == (0, 216, wanted)


def test_without_any_libsodium_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glob.glob", lambda pattern: [])
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    native.libsodium_path.cache_clear()
    try:
        with pytest.raises(StartupError, match="libsodium not found"):
            native.libsodium_path()
    finally:
        native.libsodium_path.cache_clear()


def test_a_function_that_the_c_library_lacks_is_not_available() -> None:
    assert native.available("recvfrom")
    assert not native.available("receive_everything_at_once")
