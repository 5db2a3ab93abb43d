"""Two days of the soak on both faces: nothing is lost, nothing doubled, restarts keep to the vendor's limits."""

from collections.abc import Callable

import pytest
from desk import runtimes, soak_command
from desk.common import Stop
from desk.soak import app, plan, world
from desk.soak.faces import FACES

MINUTES, EVENTS = 2880, 64


@pytest.mark.parametrize(
    ("face", "model", "seed"), [("blocking", "BC25", 5), ("asyncio", "BG96", 5), ("vm", "EC200U", 3)]
)
def test_two_days(face: str, model: str, seed: int) -> None:
    if face == "vm" and runtimes.find_unix_vm() is None:
        pytest.skip(runtimes.NO_UNIX_VM)
    life = world.World(model, plan.Plan(EVENTS, MINUTES, seed, model != "BC25"), seed)
    done = FACES[face](life, MINUTES)
    assert life.faults(MINUTES, done.sends) == []
    assert life.taken == list(range(1, MINUTES + 1)) and len(life.times) >= 20
    assert done.errors and life.module.power.asked  # it was no quiet life


@pytest.mark.parametrize(("face", "model", "step_ms"), [("blocking", "EC200U", 1000), ("asyncio", "BC25", 500)])
def test_a_program_that_has_its_turns_rarely(face: str, model: str, step_ms: int) -> None:
    life = world.World(model, plan.Plan(40, 1440, 3, model != "BC25"), 3, step_ms)
    done = FACES[face](life, 1440)
    assert life.faults(1440, done.sends) == [] and life.taken == list(range(1, 1441))
    assert life.module.power.asked


def test_what_must_not_be_is_found() -> None:
    life = world.World("BG96", plan.Plan(4, 100, 1, True), 1)
    for number in (1, 2, 4):
        life.take(number)
    life.take(2)
    assert life.faults(4, {2: 2}) == ["record 3 was lost"]
    assert "record 2 arrived 2 times and was sent 1" in life.faults(4, {})
    life.module.power.asked = [n * 60_000 for n in range(7)]
    assert any("restarts in 60 min" in line for line in life.faults(4, {2: 2}))


@pytest.mark.parametrize("change", [lambda r: r[:5] + b"!" + r[6:], lambda r: r[1:], lambda r: r[:-1]])
def test_a_changed_record_is_seen(change: "Callable[[bytes], bytes]") -> None:
    record = app.record(17)[:-1]
    assert app.number_of(record) == 17 and app.number_of(change(record)) < 0


def test_a_plan_is_the_same_for_the_same_seed() -> None:
    assert plan.Plan(40, 500, 3, False).events == plan.Plan(40, 500, 3, False).events
    assert len({kind for _, kind in plan.Plan(40, 500, 3, False).events}) >= 20


@pytest.mark.parametrize("step_ms", ["0", "-200"])
def test_a_clock_that_stands_still_is_wrong_use(step_ms: str) -> None:
    with pytest.raises(Stop, match="--step-ms"):
        soak_command.main(["--days", "1", "--step-ms", step_ms])
