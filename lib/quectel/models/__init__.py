"""The families as data.  One is imported when it is chosen; the others cost nothing."""

_FILES = {
    "bg96": "bg96",
    "ec200u": "ec200u",
    "eg915u": "ec200u",
    "bc65": "bc65",
    "bc92": "bc65",
    "bc95g": "bc95g",
    "bc68": "bc95g",
    "bc25": "bc25",
    "bc32": "bc25",
}


def find(name):
    """The record of a family by its name or a module's name, in any case; dashes do not count.  ValueError."""
    key = name.replace("-", "").lower()
    if key not in _FILES:
        raise ValueError("unknown family %r; known are BG96 EC200U EG915U BC65 BC92 BC25 BC32 BC95-G BC68" % name)
    return __import__("quectel.models." + _FILES[key], None, None, ("FAMILY",)).FAMILY
