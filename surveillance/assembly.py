"""Where the concrete things are built: settings become a store, a simulated market a dataset."""

from pathlib import Path

from streams.files import write_dataset
from streams.simulator import SimulatedMarket, simulate
from surveillance.config import Settings
from surveillance.store import Store


def open_store(settings: Settings) -> Store:
    """Open the store of the settings, migrated to this version."""
    return Store.open(settings.store)


def simulate_into(
    directory: Path, *, scenario: str, n_accounts: int, n_days: int, seed: int
) -> SimulatedMarket:
    """Simulate a market and write its tables as a dataset; the answer key stays with the caller."""
    market = simulate(scenario, n_accounts=n_accounts, n_days=n_days, seed=seed)
    write_dataset(directory, market.tables)
    return market
