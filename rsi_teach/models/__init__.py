"""The textbook, executable: one module per chapter, numbers in, numbers out.

Examples
--------
>>> from rsi_teach import models
>>> round(float(models.progress.amdahl(share=0.9, speedup=10)), 3)
5.263
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__all__ = [
    "attribution",
    "calibration",
    "capstone",
    "detection",
    "drift",
    "gates",
    "goodhart",
    "independence",
    "loop",
    "observability",
    "overfitting",
    "overhang",
    "progress",
    "start_here",
    "steering",
    "survival",
    "testing",
    "waiting",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module 'rsi_teach.models' has no attribute {name!r}")
    return import_module(f"rsi_teach.models.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
