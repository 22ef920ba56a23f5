"""A small server for a class, on which every student is a user of the operating system.

As root, in a folder that only root may read: `jupyterhub -f .../hosting/jupyterhub_config.py`.
The guide is course/teaching/hosting.md.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821

# The proxy and the students' servers come from the environment that jupyterhub was started from.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

# Passwords travel: put something that speaks HTTPS in front before the class comes in.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"

# A proxy that needs no Node, and asks nobody whether there is a newer one of it.
c.JupyterHub.proxy_class = "traefik_file"
c.TraefikProxy.extra_static_config = {
    "global": {"checkNewVersion": False, "sendAnonymousUsage": False}
}

# Whoever has an account on this computer and knows its password.
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allow_all = True

c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.environment = {"JUPYTER_CONFIG_PATH": str(Path(__file__).resolve().parent)}
c.Spawner.default_url = "/lab/tree/rsi-teach-course/course/00_start_here.ipynb"

# A whole class begins in the same minute: the last server may take a while to answer.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
