"""The desk's own tooling, behind `tools/dev.py`."""
