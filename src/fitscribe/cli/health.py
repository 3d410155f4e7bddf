"""``fitscribe doctor``: versions, settings and who says so."""

from __future__ import annotations

import argparse
from typing import Any

from fitscribe.tracking.doctor import doctor

__all__ = ["add_command"]


def add_command(nouns: Any) -> None:
    """Add the command beside the nouns."""
    parser = nouns.add_parser("doctor", help="versions, settings in force and who says so")
    parser.add_argument("--mask", action="store_true", help="hide the environment's values")
    parser.set_defaults(do=_doctor, anywhere=True)


def _doctor(parsed: argparse.Namespace) -> None:
    doctor(mask_envs=parsed.mask)
