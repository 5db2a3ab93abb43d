"""The test kit itself, on every VM."""

import kit
from kit import Random, cases, raises, rows, run, selected


def test_raises_keeps_the_exception() -> None:
    with raises(KeyError, ValueError) as caught:
        int("x")
    assert isinstance(caught.value, ValueError)


def test_raises_nothing_is_a_failure() -> None:
    with raises(AssertionError), raises(ValueError):
        pass


def test_raises_lets_other_kinds_through() -> None:
    with raises(KeyError), raises(ValueError):
        raise KeyError(1)


def test_cases_run_each_in_order() -> None:
    seen = []

    @cases((1, "a"), (2, "b"))
    def pairs(number: int, text: str) -> None:
        seen.append((number, text))

    @cases(3, b"c")
    def single(value: object) -> None:
        seen.append((value, ""))  # type: ignore[arg-type]

    pairs()
    single()
    assert seen == [(1, "a"), (2, "b"), (3, ""), (b"c", "")]


def test_cases_fail_with_one_case() -> None:
    @cases(1, 2)
    def below_two(n: int) -> None:
        assert n < 2

    with raises(AssertionError):
        below_two()


def test_rows_are_kept_by_name_under_cases_too() -> None:
    @rows("R001")
    @cases(1)
    def some_test(n: int) -> None:
        pass

    keys = [key for key in kit.ROWS if key.endswith("some_test")]
    assert [kit.ROWS[key] for key in keys] == [("R001",)]
    del kit.ROWS[keys[0]]


@cases("R1", "r001", "R0O1", "X001")
def test_rows_refuse_what_is_no_row(name: str) -> None:
    with raises(ValueError):
        rows(name)


def test_numbers_are_the_same_on_every_vm() -> None:
    numbers = Random(12345)
    assert [numbers.below(1000) for _ in range(5)] == [963, 618, 797, 379, 905]
    assert numbers.data(6) == b"\x18TUr\xd1\xf7"
    items = [1, 2, 3, 4, 5]
    numbers.between(3, 5)
    numbers.shuffle(items)
    assert items == [4, 3, 2, 1, 5]
    assert list(numbers.chunks(b"abcdefgh", 3)) == [b"abc", b"def", b"gh"]
    assert numbers.below(1 << 30) == 810167653


def test_numbers_fill_their_range() -> None:
    numbers = Random(1)
    seen = [0] * 256
    for value in numbers.data(8192):
        seen[value] += 1
    assert min(seen) > 5 and max(seen) < 80
    assert sorted({numbers.between(3, 5) for _ in range(60)}) == [3, 4, 5]
    assert Random(1).data(8) != Random(2).data(8)


def test_seed_is_a_small_number() -> None:
    assert 0 <= kit.seed() < 1 << 30


@cases(
    ("", True),
    ("ring", True),
    ("RING and not parser", True),
    ("parser", False),
    ("(parser or ring) and push", True),
    ("not (parser or ring)", False),
)
def test_selection_is_that_of_pytest(expr: str, chosen: bool) -> None:
    assert selected("test_ring::test_push", expr) is chosen


def test_run_counts_and_goes_on() -> None:
    done = []

    def good() -> None:
        done.append("good")

    def bad() -> None:
        assert done is None

    def skipped() -> None:
        kit.skip("on purpose")

    names = {"test_a": bad, "test_b": good, "test_c": skipped, "helper": bad, "test_data": 3}
    print("a failure of test_a on purpose:")
    assert run(names) == 1
    assert done == ["good"]
    assert run(names, "test_b") == 0
    assert run(names, "nothing") == 0


def test_files_are_found_beside_the_kit() -> None:
    with open(kit.path("facts/socket_states.csv")) as file:
        assert file.readline().strip()


def test_counts_are_added_up_and_shown() -> None:
    kept = dict(kit.COUNTS)
    kit.COUNTS.clear()
    kit.count("splits fed", 3)
    kit.count("splits fed")
    kit.count("heap bytes", 0)
    shown = kit.counted()
    kit.COUNTS.clear()
    kit.COUNTS.update(kept)
    assert shown == ["count: 0 heap bytes", "count: 4 splits fed"], shown
