"""What the HTTP framework brings along."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
from litestar import get
from myriad.web.application import Application

@get("/")
async def route() -> dict[str, int]:
    return {}

Application([route])
print(*(name for name in ("pydantic", "attr", "attrs") if name in sys.modules))
"""


def test_an_application_loads_no_library_of_messages_but_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
