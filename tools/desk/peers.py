"""Programs that tests have as peers: on PATH, or fetched by `dev.py peers`. Standard library only.

Of libcoap's this tells where they are. The others are fetched by the tests themselves if need be: the command does it
beforehand, as a test has a time limit.
"""

import shutil
from pathlib import Path

from desk import debian
from desk.common import CACHE

NO_PEERS = "no libcoap found; `python3 tools/dev.py peers` fetches it (Debian, Ubuntu)"
_PACKAGES = ["libcoap3-bin"]
_BESIDE = {"mosquitto": ("mosquitto", "mosquitto-clients"), "openssl": ("openssl",)}  # program, packages
_KINDS = ("", "-notls", "-openssl", "-gnutls")  # what a program's name may end with


def find(program: str) -> Path | None:
    """`coap-server` or `coap-client` of this machine, or None."""
    for folder in (None, *_fetched()):
        for kind in _KINDS:
            if found := shutil.which(program + kind, path=folder):
                return Path(found)
    return None


def fetch() -> Path:
    """Fetch libcoap's programs into the cache; their folder. Raises Stop where that cannot be."""
    return debian.rootless(_PACKAGES)


def fetch_beside() -> None:
    """Fetch the programs beside libcoap's that are not on PATH."""
    for program, packages in _BESIDE.items():
        if shutil.which(program) is None:
            debian.rootless(packages)


def _fetched() -> list[str]:
    found = sorted((CACHE / "debian").glob("*-%s/packages" % "+".join(_PACKAGES)))
    return [str(stamp.parent / "bin") for stamp in reversed(found)]
