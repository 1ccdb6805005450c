"""A small number of what `benches/chaos.py` does: interrupts and kills at random moments."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benches"))

from chaos import Chaos  # noqa: E402


def test_interrupts_and_kills_at_random_moments():
    chaos = Chaos(seed=int(os.environ.get("AKARI_SEED_OF_CHAOS", "7")))
    try:
        for _ in range(40):
            chaos.interrupt()
        for _ in range(15):
            chaos.kill()
    finally:
        chaos.end()
