"""Generators of random numbers: where they are in what they drew ahead."""

from __future__ import annotations

from typing import Any

from fitscribe.modelfolder.trust.shapes.fits import need

__all__ = ["CHECKS"]

# How many numbers each of numpy's draws ahead; the others draw none.
AHEAD = {"MT19937": 624, "Philox": 4}


def check(generator: Any) -> None:
    """Check a ``RandomState`` or a ``Generator``."""
    bits = getattr(generator, "_bit_generator", None) or generator.bit_generator
    _check_bits(bits)


def _check_bits(bits: Any) -> None:
    state = bits.state
    ahead = AHEAD.get(state["bit_generator"])
    if ahead is not None:
        place = state["state"]["pos"] if "pos" in state["state"] else state["buffer_pos"]
        need(0 <= place <= ahead, f"it drew {ahead} numbers ahead")


CHECKS = {
    ("numpy.random.mtrand", "RandomState"): check,
    ("numpy.random._generator", "Generator"): check,
    ("numpy.random.bit_generator", "BitGenerator"): _check_bits,
}
