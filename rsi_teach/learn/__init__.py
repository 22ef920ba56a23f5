"""Predictions, exercises, claims and beliefs: what a chapter asks of its learner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rsi_teach.learn.beliefs import belief
    from rsi_teach.learn.bibliography import reading
    from rsi_teach.learn.exercises import exercise
    from rsi_teach.learn.figure import show
    from rsi_teach.learn.journal import open_journal
    from rsi_teach.learn.ledger import Claim, claims
    from rsi_teach.learn.predictions import predict, reveal
    from rsi_teach.learn.record import Record, synthetic
    from rsi_teach.learn.record_file import export_anonymous
    from rsi_teach.learn.record_pool import pool
    from rsi_teach.learn.references import cite
    from rsi_teach.learn.safety import safety_case
    from rsi_teach.learn.scores import brier, interval_score
    from rsi_teach.learn.source import show_source
    from rsi_teach.learn.tally import scorecard

_WHERE = {
    "Claim": "ledger",
    "Record": "record",
    "belief": "beliefs",
    "brier": "scores",
    "cite": "references",
    "claims": "ledger",
    "exercise": "exercises",
    "export_anonymous": "record_file",
    "interval_score": "scores",
    "open_journal": "journal",
    "pool": "record_pool",
    "predict": "predictions",
    "reading": "bibliography",
    "reveal": "predictions",
    "safety_case": "safety",
    "scorecard": "tally",
    "show": "figure",
    "show_source": "source",
    "synthetic": "record",
}
__all__ = [
    "Claim",
    "Record",
    "belief",
    "brier",
    "cite",
    "claims",
    "exercise",
    "export_anonymous",
    "interval_score",
    "open_journal",
    "pool",
    "predict",
    "reading",
    "reveal",
    "safety_case",
    "scorecard",
    "show",
    "show_source",
    "synthetic",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'rsi_teach.learn' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"rsi_teach.learn.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
