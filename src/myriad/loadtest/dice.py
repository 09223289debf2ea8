"""Seeded chance for kernels: a number from a few integers, the same on every machine and without the JIT.

Responsible for: hashing integers to evenly spread u32 numbers.
Not here: the simulation's random numbers (`sim/`).

Invariant: a number depends on its arguments alone, so what happens to one client's n-th datagram never depends on how
its datagrams interleave with those of others.
"""

from __future__ import annotations

from myriad.core.kernel import inner_kernel


@inner_kernel
def mix(value: int) -> int:
    """An evenly spread u32 of the low 32 bits of `value` (a bijection of them)."""
    value &= 0xFFFFFFFF
    value ^= value >> 16
    value = (value * 0x7FEB352D) & 0xFFFFFFFF
    value ^= value >> 15
    value = (value * 0x045D9F3B) & 0xFFFFFFFF
    value ^= value >> 16
    return value


@inner_kernel
def roll(seed: int, who: int, number: int, purpose: int) -> int:
    """A u32 for the `number`-th event of `who`; different purposes give independent numbers."""
    return mix(mix(mix(mix(seed) + who) ^ number) + purpose * 0x9E3779B1)


@inner_kernel
def fraction(seed: int, who: int, number: int, purpose: int) -> float:
    """Like `roll`, as a number in [0, 1)."""
    return roll(seed, who, number, purpose) / 4294967296.0
