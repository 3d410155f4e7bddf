"""``python -m fitscribe``."""

import sys

from fitscribe.cli import main

sys.exit(main())
