"""`dev.py soak`: a scripted month on the virtual module in stepped time, with an application that must lose nothing."""

import secrets
import sys
import time

from desk.common import ROOT, Parser, Stop, say

DAY_MIN = 1440
EVENTS_A_DAY = 18
MODELS = ("BG96", "EC200U", "EG915U", "BC65", "BC92", "BC25", "BC32")

STEP_HELP = "how rarely the program calls poll() while the driver recovers: 200 when left out"


def main(argv: "list[str]") -> int:
    """0 if no record was lost or doubled and restarts kept to the vendor's limits, else 1."""
    given = _parser().parse_args(argv)
    sys.path[:0] = [str(ROOT / "lib")]
    minutes = given.days * DAY_MIN
    events = given.events or given.days * EVENTS_A_DAY
    if events > minutes - 2:
        raise Stop("that is more than an event a minute; take more --days")
    if given.step_ms < 1:
        raise Stop("time must pass; take 1 or more for --step-ms")
    seed = secrets.randbelow(2**30) if given.seed is None else given.seed
    return soak(given.model, given.face, minutes, events, seed, given.step_ms)


def soak(model: str, face: str, minutes: int, events: int, seed: int, step_ms: int) -> int:
    """Play it and print what became of it."""
    from desk.soak.app import Stuck
    from desk.soak.faces import FACES
    from desk.soak.plan import Plan
    from desk.soak.world import World

    print(f"seed {seed}, {model}, {face} face, {minutes // DAY_MIN} days, {events} events", flush=True)
    begun = time.process_time()
    world = World(model, Plan(events, minutes, seed, model in MODELS[:3]), seed, step_ms)
    try:
        app = FACES[face](world, minutes)
        wrong = world.faults(minutes, app.sends)
        say(f"errors that the application has seen: {app.errors}")
    except Stuck as stuck:
        wrong = [str(stuck)]
    print("\n".join(world.table()))
    print(
        f"{len(world.taken)} records accepted, {len(world.times)} kinds of events, "
        f"{len(world.module.power.asked)} restarts"
    )
    print(f"{time.process_time() - begun:.1f} s")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def _parser() -> Parser:
    parser = Parser(prog="dev.py soak", description=__doc__)
    parser.add_argument("--events", type=int, metavar="N", help="how many (18 a day when left out)")
    parser.add_argument("--seed", type=int, metavar="S", help="of the events; random when left out, and printed")
    parser.add_argument("--days", type=int, default=30, metavar="D", help="30 when left out")
    parser.add_argument("--step-ms", type=int, default=200, metavar="MS", help=STEP_HELP)
    parser.add_argument("--model", choices=MODELS, default="EC200U", help="EC200U when left out")
    parser.add_argument(
        "--face", choices=("blocking", "asyncio", "vm"), default="blocking", help="blocking when left out"
    )
    return parser
