"""`surveillance serve|demo`: the API and the desk on this machine."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from surveillance.api.server import check_address
from surveillance.api.server import serve as serve_http
from surveillance.assembly import open_store, plan_verifier, simulate_into
from surveillance.config import Settings, load_settings
from surveillance.jobs.scan import run_scan
from surveillance.options import Port, StoreUrl
from surveillance.store import Store
from surveillance.terminal import output_console, progress_bars, verdict_table


def serve(
    store: StoreUrl = None,
    host: Annotated[
        str | None, typer.Option(help="Loopback address (default 127.0.0.1).", show_default=False)
    ] = None,
    port: Port = None,
) -> None:
    """Serve the API and the analyst's desk over the store."""
    settings = load_settings(store=store, host=host, port=port)
    with open_store(settings) as opened:
        _serve(opened, settings)


def demo(
    accounts: Annotated[int, typer.Option(min=10, help="Accounts of the market.")] = 3_000,
    days: Annotated[int, typer.Option(min=1, help="Trading days.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the market.")] = 1,
    store: StoreUrl = None,
    port: Port = None,
) -> None:
    """Simulate a market, detect, and serve the desk on this machine."""
    settings = load_settings(store=store, port=port)
    check_address(settings.host, settings.port)
    console = Console(stderr=True)
    with open_store(settings) as opened:
        with tempfile.TemporaryDirectory(prefix="surveillance-") as directory:
            dataset = Path(directory) / "demo"
            with console.status(f"Simulating {accounts:,} accounts over {days} days"):
                simulate_into(dataset, scenario="full", n_accounts=accounts, n_days=days, seed=seed)
            with progress_bars(console) as progress:
                result = run_scan(dataset, out=None, store=opened, progress=progress)
        output_console().print(verdict_table(result.findings))
        _serve(opened, settings)


def _serve(store: Store, settings: Settings) -> None:
    serve_http(
        store,
        settings.host,
        settings.port,
        verify=plan_verifier(store),
        on_listening=lambda url: typer.echo(f"Desk: {url}  (Ctrl-C stops)"),
    )
