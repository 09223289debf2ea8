"""The HTTP framework as far as this program needs it.

Responsible for: `Application`, Litestar whose messages are msgspec's alone.
Not here: routes (`web/api`, `web/gateway`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import Litestar
from litestar.plugins.core import MsgspecDIPlugin

if TYPE_CHECKING:
    from litestar.plugins import PluginProtocol


class Application(Litestar):
    """Litestar without its plugins for Pydantic and attrs.

    No message of ours is of their kinds, and where Pydantic is installed Litestar imports both of its versions: a tenth
    of a second in gateway and hosts. The method is none that Litestar promises to keep: without it all works, later.
    """

    __slots__ = ()

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]
