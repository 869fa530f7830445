"""Where the concrete things are built: settings become a store, a simulated market a dataset."""

from collections.abc import Callable
from pathlib import Path

from streams.copier import Plan
from streams.copier.plan_file import plan_of
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


VERIFY_SCENARIO, VERIFY_ACCOUNTS, VERIFY_SEED = "basic", 200, 1
"""The market in which the server verifies a plan: small, so that it takes some seconds."""


def plan_verifier(store: Store) -> Callable[[Plan], None]:
    """Return what verifies a plan in a simulated market and records what that said."""

    def verify(plan: Plan) -> None:
        # Imported here: they cost every other command its start-up.
        from surveillance.jobs.copying.recording import verify_and_record
        from surveillance.jobs.copying.verify import verify_simulated

        running = [
            plan_of(content, shown="a running plan") for content in store.copying.running_plans()
        ]
        verify_and_record(
            store.copying,
            plan,
            lambda: verify_simulated(
                plan,
                VERIFY_SCENARIO,
                [other for other in running if other.plan_id != plan.plan_id],
                seed=VERIFY_SEED,
                n_accounts=VERIFY_ACCOUNTS,
            ),
        )

    return verify
