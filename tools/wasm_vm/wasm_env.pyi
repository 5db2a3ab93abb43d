"""What run.mjs lends to the VM in place of an environment; see there."""

path: str
argv: str

def get(name: str, /) -> str: ...
def end(status: object, /) -> None: ...
