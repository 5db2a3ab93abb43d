"""URCs anywhere: each one of urcs.csv at every boundary of every worked example."""

from injecting import inject_all
from injections import urcs
from judging import EFFECTS
from kit import rows
from stories import examples

FAMILIES = ("BG96", "EC200U", "BC65", "BC95G", "BC25")


def printed(family: str, part: int, parts: int) -> None:
    """The worked examples of a family, in parts that a test is done with in time."""
    inject_all(family, examples(family)[part::parts])


# --- the worked examples ------------------------------------------------------------------------------------------


def test_every_example_that_can_be_played_is_injected_into() -> None:
    assert sum([len(examples(family)) for family in FAMILIES]) == 96


def test_every_effect_is_that_of_some_urc() -> None:
    said = [one for family in FAMILIES for one in urcs(family)]
    assert {one.effect for one in said} == set(EFFECTS)


@rows("R389", "R034", "R065", "R094", "R096", "R097")
def test_examples_of_bg96_part_1() -> None:
    printed("BG96", 0, 3)


@rows("R389", "R034", "R065", "R094", "R096", "R097")
def test_examples_of_bg96_part_2() -> None:
    printed("BG96", 1, 3)


@rows("R389", "R034", "R065", "R094", "R096", "R097")
def test_examples_of_bg96_part_3() -> None:
    printed("BG96", 2, 3)


@rows("R389", "R034", "R065", "R094", "R096", "R097")
def test_examples_of_ec200u_part_1() -> None:
    printed("EC200U", 0, 2)


@rows("R389", "R034", "R065", "R094", "R096", "R097")
def test_examples_of_ec200u_part_2() -> None:
    printed("EC200U", 1, 2)


@rows("R389", "R106", "R113", "R182", "R212", "R213", "R215", "R216", "R217")
def test_examples_of_bc65_part_1() -> None:
    printed("BC65", 0, 3)


@rows("R389", "R106", "R113", "R182", "R212", "R213", "R215", "R216", "R217")
def test_examples_of_bc65_part_2() -> None:
    printed("BC65", 1, 3)


@rows("R389", "R106", "R113", "R182", "R212", "R213", "R215", "R216", "R217")
def test_examples_of_bc65_part_3() -> None:
    printed("BC65", 2, 3)


@rows("R389", "R258", "R259", "R262")
def test_examples_of_bc95g_part_1() -> None:
    printed("BC95G", 0, 2)


@rows("R389", "R258", "R259", "R262")
def test_examples_of_bc95g_part_2() -> None:
    printed("BC95G", 1, 2)


@rows("R389", "R106", "R113", "R182", "R212", "R213", "R215", "R216", "R217", "R219")
def test_examples_of_bc25_part_1() -> None:
    printed("BC25", 0, 5)


@rows("R389", "R106", "R113", "R182", "R212", "R213", "R215", "R216", "R217", "R219")
def test_examples_of_bc25_part_2() -> None:
    printed("BC25", 1, 5)


@rows("R389", "R106", "R113", "R182", "R212", "R213", "R215", "R216", "R217", "R219")
def test_examples_of_bc25_part_3() -> None:
    printed("BC25", 2, 5)


@rows("R389", "R106", "R113", "R182", "R212", "R213", "R215", "R216", "R217", "R219")
def test_examples_of_bc25_part_4() -> None:
    printed("BC25", 3, 5)


@rows("R389", "R106", "R113", "R182", "R212", "R213", "R215", "R216", "R217", "R219")
def test_examples_of_bc25_part_5() -> None:
    printed("BC25", 4, 5)
