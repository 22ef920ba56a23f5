"""One set of settings for every Jupyter server that serves the course, whoever starts it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traitlets.config import Config

# Nothing here asks the network for anything: no news, no look for updates or extensions.
SETTINGS = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--FileContentsManager.pre_save_hook=rsi_teach.explorer.faces.without_live_faces",
)

# What an instructor's packages would add to a learner's JupyterLab is left out there.
LEFT_OUT = Path(__file__).parent / "jupyter"

# The machine's matrices are small: a second BLAS thread doubles the work and saves no time.
LIBRARIES = ("OPENBLAS", "OMP", "MKL")


def one_thread() -> None:
    """Give the numerical libraries of this process's children one thread, unless it is said."""
    for library in LIBRARIES:
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def learners_config_path() -> str:
    """Return ``JUPYTER_CONFIG_PATH`` with what leaves an instructor's packages out."""
    return os.pathsep.join(filter(None, [str(LEFT_OUT), os.environ.get("JUPYTER_CONFIG_PATH")]))


def configure(config: Config) -> None:
    """Give a Jupyter server that somebody else starts what ``rsi-teach start`` gives its own.

    For the two lines of a ``jupyter_server_config.py``, under a hub or on Binder. The server's
    kernels inherit the environment, in which the numerical libraries get one thread.

    Parameters
    ----------
    config : traitlets.config.Config
        The server's, as ``get_config()`` returns it there; changed in place.

    Examples
    --------
    >>> from traitlets.config import Config
    >>> config = Config()
    >>> configure(config)
    >>> config.LabApp.extension_manager
    DeferredConfigString('readonly')
    """
    from traitlets.config.loader import KVArgParseConfigLoader

    one_thread()
    config.merge(KVArgParseConfigLoader(argv=list(SETTINGS)).load_config())
