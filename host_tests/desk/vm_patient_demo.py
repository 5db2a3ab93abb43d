"""Run by test_demo.py in place of the demo's driver: the same, in its own time."""

import sys

from vm_patient import patient

sys.path.append(__file__.rsplit("/", 3)[0] + "/tools/desk")
patient()
__import__("scenarios").main()
