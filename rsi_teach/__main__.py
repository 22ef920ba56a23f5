"""``python -m rsi_teach`` is ``rsi-teach``."""

import sys

from rsi_teach.cli import main

if __name__ == "__main__":
    sys.exit(main())
