"""What every student's server reads: the course's settings, and the course laid out at home.

For the folder etc/jupyter of the environment in which the students' servers run, or for any
folder that JUPYTER_CONFIG_PATH names. Laying out never overwrites what a student changed.
"""

from pathlib import Path

from rsi_teach import layout, serving

serving.configure(get_config())  # noqa: F821
layout.lay_out(Path.home() / "rsi-teach-course")
