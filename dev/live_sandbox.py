"""The sandbox as demo, chaos, day and screenshots use it: over HTTP."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import requests

from sandbox.server import Sandbox

from .odoo_environment import free_port

PORT = 8970


@contextlib.contextmanager
def a_sandbox() -> Iterator[str]:
    """The address of the sandbox at SANDBOX_URL, or of one of our own."""
    if url := os.environ.get("SANDBOX_URL"):
        yield url.rstrip("/")
        return
    with Sandbox(port=free_port(PORT)) as sandbox:
        yield sandbox.url


class LiveSandbox:
    """What a sandbox has and does, under /sandbox/.

    :param companies: the UUIDs at Maventa of those that are ours; of the others nothing
        is seen
    """

    def __init__(self, url: str, companies: Sequence[str] = ()) -> None:
        self.url = url
        self.companies = companies
        self.session = requests.Session()

    def call(self, method: str, name: str, /, **values: Any) -> Any:
        """Call one of the addresses; its answer."""
        body = values if method == "POST" else None
        return self._request(method, name, json=body).json()

    def invoices(self) -> list[dict[str, Any]]:
        """Our companies' rows of what the sandbox has taken."""
        return self._ours(self.call("GET", "invoices"))

    def webhooks(self) -> list[dict[str, Any]]:
        """The webhooks about our companies' invoices."""
        return self._ours(self.call("GET", "webhooks")["deliveries"])

    def open_calls(self) -> list[dict[str, Any]]:
        """Our companies' calls that are under way."""
        rows = self._ours(self.call("GET", "calls"))
        return [row for row in rows if row["milliseconds"] is None]

    def file(self, invoice_id: str) -> bytes:
        """The exact bytes that came."""
        return self._request("GET", f"invoices/{invoice_id}/file").content

    def _ours(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if row["company_id"] in self.companies]

    def _request(self, method: str, name: str, **options: Any) -> requests.Response:
        address = f"{self.url}/sandbox/{name}"
        answer = self.session.request(method, address, timeout=60, **options)
        answer.raise_for_status()
        return answer
