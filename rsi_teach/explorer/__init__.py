"""Explorers: a model, a few controls, one picture and one sentence."""

from rsi_teach.explorer.controls import Choice, Slider, Toggle
from rsi_teach.explorer.explorer import Explorer, Picture
from rsi_teach.explorer.palette import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    readable,
)
from rsi_teach.explorer.words import percent

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "Choice",
    "Explorer",
    "Picture",
    "Slider",
    "Toggle",
    "percent",
    "readable",
]
