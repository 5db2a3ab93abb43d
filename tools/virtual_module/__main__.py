"""python3 -m virtual_module."""

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
