#!/usr/bin/env python3
"""Plays tests/interop/scenarios.json from Python; tests/interop/README.md says how."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from connection import PROTOCOLS, TRANSPORTS, Connection
from generated import GeneratedDriver
from player import Driver, play
from sdk import SdkDriver


def main() -> int:
    """Play all scenarios, print how each went, write what they recorded."""
    options = _options()
    scenarios = json.loads(options.scenarios.read_text())["scenarios"]
    records: dict[str, Any] = {}
    failed = 0
    for scenario in scenarios:
        why = _failure(scenario, options, records)
        failed += why is not None
        print(f"ok {scenario['name']}" if why is None else f"FAIL {scenario['name']}: {why}", flush=True)
    options.results.write_text(json.dumps(records, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    print(f"{len(scenarios) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _failure(scenario: dict[str, Any], options: argparse.Namespace, records: dict[str, Any]) -> str | None:
    """Play one scenario on a connection of its own; say why it failed, None if it did not."""
    try:
        driver = _driver(options)
        try:
            records.update(play(scenario, driver, options.run))
        finally:
            driver.close()
    except Exception as why:  # whatever breaks it, the next scenario is played
        return f"{type(why).__name__}: {why}"
    return None


def _driver(options: argparse.Namespace) -> Driver:
    if options.client == "sdk":
        return SdkDriver(options.address, options.data, options.ca, options.token)
    return GeneratedDriver(_connection(options), options.data, options.multiplexed)


def _connection(options: argparse.Namespace) -> Connection:
    return Connection(options.address, options.transport, options.protocol, options.ca, options.token)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True, help="HOST:PORT of a running server; with the SDK, unix:/PATH too")
    parser.add_argument("--scenarios", required=True, type=Path)
    parser.add_argument("--data", required=True, type=Path, help="folder of the CSV files")
    parser.add_argument("--run", required=True, help="a name of this run; names of models begin with it")
    parser.add_argument("--client", required=True, choices=["generated", "sdk"])
    parser.add_argument("--transport", choices=TRANSPORTS, help="of the generated client")
    parser.add_argument("--protocol", choices=tuple(PROTOCOLS), help="of the generated client")
    parser.add_argument("--multiplexed", action="store_true", help="generated client: Service:method names")
    parser.add_argument("--ca", type=Path, help="connect by TLS and trust these certificates")
    parser.add_argument("--results", required=True, type=Path)
    # Not an option: everybody on a machine sees those.
    parser.set_defaults(token=os.environ.get("MODELWIRE_TOKEN"))
    options = parser.parse_args()
    why = _refusal(options)
    if why is not None:
        parser.error(why)
    return options


def _refusal(options: argparse.Namespace) -> str | None:
    """Why this cannot be played; None if it can."""
    wire = options.transport or options.protocol or options.multiplexed
    if options.client == "sdk":
        return "the SDK chooses its transport, its protocol and its names of methods itself" if wire else None
    if options.transport is None or options.protocol is None:
        return "--client generated needs --transport and --protocol"
    if options.address.startswith("unix:"):
        return "a socket in the file system is played by the SDK only"
    return _connection(options).refusal()


if __name__ == "__main__":
    sys.exit(main())
