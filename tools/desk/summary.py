"""The summary of `dev.py test`: failures, the table of stages, where the time went, what was counted, the totals."""

from desk.stages import Result

SLOW_S = 10  # a test file that takes longer is named


def report(results: list[Result]) -> list[str]:
    """The lines of the summary; the last one has the totals."""
    lines = [f"===== {r.name}\n{r.output.rstrip()}\n" for r in results if r.failed and r.output]
    lines += [*_stages(results), *_slow_files(results)]
    lines += [f"{r.name} not run: {r.note}" for r in results if r.note]
    lines += [f"{r.name}: {r.remark}" for r in results if r.remark]
    return [*lines, *counts(results), totals(results)]


def _stages(results: list[Result]) -> list[str]:
    lines = [f"{'stage':14} {'verdict':8} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}"]
    for r in results:
        lines.append(f"{r.name:14} {r.verdict:8} {r.passed:7,} {r.failed:7,} {r.skipped:8,} {r.seconds:8.1f}")
    return lines


def _slow_files(results: list[Result]) -> list[str]:
    """Of each stage the files that took long, the longest first."""
    lines = []
    for r in results:
        slow = sorted((-seconds, file) for file, seconds in r.files.items() if seconds > SLOW_S)
        if slow:
            lines.append(f"{r.name}, seconds: " + ", ".join(f"{file} {-seconds:.0f}" for seconds, file in slow))
    return lines


def counts(results: list[Result]) -> list[str]:
    """What the tests have counted: a line each, a column for each runtime; `-` where it was not counted."""
    runtimes = list(dict.fromkeys(r.runtime for r in results if r.runtime))
    sums = {runtime: Result(runtime) for runtime in runtimes}
    for r in results:
        if r.runtime:
            sums[r.runtime].add(r)
    names = sorted({what for total in sums.values() for what in total.counts})
    if not names:
        return []
    width = max(map(len, names))
    lines = [f"{'counted':{width}}" + "".join(f" {runtime:>14}" for runtime in runtimes)]
    for what in names:
        cells = (f"{sums[r].counts[what]:,}" if what in sums[r].counts else "-" for r in runtimes)
        lines.append(f"{what:{width}}" + "".join(f" {cell:>14}" for cell in cells))
    return lines


def totals(results: list[Result]) -> str:
    """The last line: `N passed, N failed`, with `, N skipped` where there are any."""
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    skipped = sum(r.skipped for r in results)
    text = f"{passed} passed, {failed} failed"
    return f"{text}, {skipped} skipped" if skipped else text
