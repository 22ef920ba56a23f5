"""Chapter 03's pictures: that the noisy runs drawn are runs of the same loop as the line."""

import numpy as np
import pytest

from rsi_teach.pictures.steering import DelayedCorrection


@pytest.mark.parametrize("growth", [0.9, 1.0, 1.15])
@pytest.mark.parametrize("delay", [0, 3])
def test_the_quiet_run_stays_inside_the_band_of_noisy_ones(growth, delay):
    explorer = DelayedCorrection()
    explorer.say(gain=0.2, delay=delay, growth=growth)
    path = explorer.line.get_ydata()
    outline = explorer.band.get_paths()[0].vertices
    for generation, value in enumerate(path):
        edges = outline[outline[:, 0] == generation, 1]
        assert edges.min() - 1e-9 <= value <= edges.max() + 1e-9


def test_the_band_leaves_out_the_run_of_another_loop():
    explorer = DelayedCorrection()
    explorer.say(gain=0.2, delay=0, growth=1.15)
    band = explorer.band.get_paths()[0].vertices
    explorer.say(gain=0.2, delay=0, growth=1.0)
    other = explorer.line.get_ydata()
    assert np.any(other[10] < band[band[:, 0] == 10, 1].min())
