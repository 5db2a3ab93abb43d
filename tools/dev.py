#!/usr/bin/env python3
"""The one command of the desk: `python3 tools/dev.py --help`.

It needs nothing but Python 3.11 and sets itself up. This file must stay readable for any Python 3.
"""

import os
import sys

if sys.version_info < (3, 11):
    sys.stderr.write("dev.py: this is Python %d.%d; start it with Python 3.11 or later\n" % sys.version_info[:2])
    sys.exit(2)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from desk.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
