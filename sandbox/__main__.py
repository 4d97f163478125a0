"""``python -m sandbox --port 8970``: a sandbox for a person to try."""

from __future__ import annotations

import argparse
import sys
import threading

from .server import PortTaken, Sandbox


def main() -> int:
    """Serve until Ctrl-C; 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A fake Maventa")
    parser.add_argument("--port", type=int, default=8970, help="default: 8970")
    port = parser.parse_args().port
    try:
        sandbox = Sandbox(port).start()
    except PortTaken:
        print(
            f"sandbox: port {port} is taken by another program: stop that program, "
            "or choose another port with --port.",
            file=sys.stderr,
        )
        return 1
    print(f"sandbox: {sandbox.url}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        sandbox.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
