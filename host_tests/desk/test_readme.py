"""The README's code works as it is printed."""

import asyncio
import os
import sys
from pathlib import Path

import virtual_module
from desk import servers
from kit import rows

ROOT = Path(__file__).resolve().parents[2]


def code_blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    parts = text.split("```")
    return [part[len(language) :] for part in parts[1::2] if part.startswith(language + "\n")]


async def run_example(code: str, folder: Path) -> tuple[int, str]:
    """Run the code beside a ca.pem, against a BG96 that knows example.com; its status and output."""
    async with servers.https(servers.Authority("README test"), "example.com") as site:
        (folder / "ca.pem").write_bytes(site.ca_pem)
        resolver = {"example.com:443": site.address}
        module = await virtual_module.start("BG96", resolver=resolver)
        try:
            return await _python(code, module.url, folder)
        finally:
            await module.aclose()


async def _python(code: str, url: str, folder: Path) -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import vm_patient\nvm_patient.patient()\n" + code,
        url,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "lib"), str(Path(__file__).parent)))},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(child.communicate(), 60)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return child.returncode or 0, output.decode()


@rows("R030", "R060", "R063")
def test_the_page_over_tls_is_fetched_as_printed(tmp_path: Path) -> None:
    blocks = code_blocks((ROOT / "README.md").read_text(), "python")
    assert len(blocks) == 1
    assert len(blocks[0].strip().splitlines()) <= 22
    status, output = asyncio.run(run_example(blocks[0], tmp_path))
    assert status == 0, output
    assert "This is line 60 of the page of example.com." in output
