"""URCs anywhere: in what the driver does by itself."""

from injecting import CUTS, inject_all
from kit import rows
from stories import stories


def doings(family: str) -> None:
    inject_all(family, stories(family), min(CUTS, 4))


@rows("R034", "R035", "R174", "R389")
def test_doings_on_bg96() -> None:
    doings("BG96")


@rows("R034", "R035", "R174", "R389")
def test_doings_on_ec200u() -> None:
    doings("EC200U")


@rows("R106", "R107", "R174", "R389")
def test_doings_on_bc65() -> None:
    doings("BC65")


@rows("R174", "R285", "R389")
def test_doings_on_bc95g() -> None:
    doings("BC95G")


@rows("R106", "R107", "R174", "R389")
def test_doings_on_bc25() -> None:
    doings("BC25")
