"""What a server on Binder reads: the course's settings."""

from rsi_teach import serving

serving.configure(get_config())  # noqa: F821
