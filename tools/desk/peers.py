"""libcoap's programs for the CoAP tests: on PATH, or fetched by `dev.py peers`. Standard library only."""

import shutil
from pathlib import Path

from desk import debian
from desk.common import CACHE

NO_PEERS = "no libcoap found; `python3 tools/dev.py peers` fetches it (Debian, Ubuntu)"
_PACKAGES = ["libcoap3-bin"]
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


def _fetched() -> list[str]:
    found = sorted((CACHE / "debian").glob("*-%s/packages" % "+".join(_PACKAGES)))
    return [str(stamp.parent / "bin") for stamp in reversed(found)]
