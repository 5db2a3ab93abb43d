"""Several test files in one process of a VM: each one's counts are its own, and none hides another."""

from pathlib import Path

from desk import cpython, stages
from desk.stages import DRIVER_TESTS, Narrowing

A, B, C = (Path(f"test_{name}.py") for name in "abc")
OK = "kit: 1 passed, 0 failed, 0 skipped\n"


def heard(outputs: dict[str, str]) -> tuple[dict[Path, tuple[int, str]], list[str]]:
    """What _each() makes of a VM that prints these outputs, and what was run."""
    ran: list[str] = []

    def run(files: list[Path]) -> tuple[int, str]:
        names = ",".join(file.stem for file in files)
        ran.append(names)
        return int("1 failed" in outputs[names]), outputs[names]

    return stages._each([A, B, C], run), ran


def test_every_file_has_its_own_counts() -> None:
    texts = ["count: 1 x\n" + OK + "file: test_a\n", OK + "file: test_b\n", OK + "file: test_c\n"]
    found, ran = heard({"test_a,test_b,test_c": "".join(texts)})
    results = [stages.read_kit(file.name, *one) for file, one in found.items()]
    assert [(one.passed, one.failed) for one in results] == [(1, 0)] * 3 and ran == ["test_a,test_b,test_c"]
    assert [one.counts for one in results] == [{"x": 1}, {}, {}]


def test_a_failure_is_repeated_alone_and_named() -> None:
    bad = "FAIL test_x\nkit: 0 passed, 1 failed, 0 skipped\nfile: test_b\n"
    found, ran = heard({"test_a,test_b,test_c": OK + "file: test_a\n" + bad + OK + "file: test_c\n", "test_b": bad})
    result = stages.read_kit(B.name, *found[B])
    assert ran[1:] == ["test_b"] and result.failed == 1 and "test_b.py" in result.output and "test_x" in result.output


def test_what_ends_the_process_hides_no_other_file() -> None:
    alone = {"test_b": "MemoryError\n", "test_c": OK + "file: test_c\n"}
    found, ran = heard({"test_a,test_b,test_c": OK + "file: test_a\nMemoryError\n", **alone})
    results = [stages.read_kit(file.name, *one) for file, one in found.items()]
    assert ran[1:] == ["test_b", "test_c"] and [one.failed for one in results] == [0, 1, 0]


def test_every_file_is_in_one_group_and_what_looks_at_the_heap_is_alone() -> None:
    files = Narrowing().vm_files()
    found = stages.groups(files)
    assert sorted(file for group in found for file in group) == files
    assert max(map(len, found)) == stages.TOGETHER
    assert [DRIVER_TESTS / "test_heap.py"] in found and [DRIVER_TESTS / "test_frame_words.py"] in found


def test_injections_and_the_fuzzer_have_parts_of_their_own() -> None:
    assert cpython.part(f"{DRIVER_TESTS}/test_injection_doings.py") == cpython.URCS
    assert cpython.part(f"{DRIVER_TESTS}/test_fuzz.py") == cpython.FUZZ
