"""Can we trust recursive self-improving AI enough yet? A course that answers with numbers.

Importing this package imports nothing else: each room of the house is opened when it is first
named, and a notebook begins with ``import rsi_teach; rsi_teach.ready()``.

Examples
--------
>>> import rsi_teach
>>> rsi_teach.__version__
'0.1.0'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rsi_teach import explorer, learn, machine, models, pictures
    from rsi_teach.readiness import ready

__version__ = "0.1.0"
__all__ = ["__version__", "explorer", "learn", "machine", "models", "pictures", "ready"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rsi_teach' has no attribute {name!r}")
    from importlib import import_module

    if name == "ready":
        return import_module("rsi_teach.readiness").ready
    return import_module(f"rsi_teach.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
