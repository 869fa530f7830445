"""`surveillance copy`: a copy plan in demo and at work, and the detector checked by it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.params import DAY_NS
from surveillance.assembly import open_store
from surveillance.clock import now_ns
from surveillance.commands import copy_live
from surveillance.config import load_settings
from surveillance.options import SCENARIO_NAMES, AsJson, PlanFile, StoreUrl, naming_options
from surveillance.terminal import output_console, plain_table, task_bar

DIFFERS = 1

Seed = Annotated[int, typer.Option(min=0, help="Seed of market, leader and delays.")]

app = typer.Typer(
    help="Check a copy plan, play it in demo, run it, check the detector by it.",
    no_args_is_help=True,
)
app.command()(copy_live.run)
app.command()(copy_live.tell)


@app.command()
def verify(
    plan: PlanFile,
    dataset: Annotated[
        Path | None,
        typer.Option(help="Directory with the accounts and the leader's orders.", readable=False),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(help=f"Simulate instead: {SCENARIO_NAMES}.", show_default="basic"),
    ] = None,
    running: Annotated[
        list[Path] | None,
        typer.Option("--running", help="A plan that runs already; may repeat.", readable=False),
    ] = None,
    accounts: Annotated[int, typer.Option(help="Accounts of the simulated market.")] = 1_000,
    seed: Seed = 1,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Check a plan against the records and play a day of it in demo."""
    # Imported here: they cost the other commands their start-up.
    from streams.copier import read_plan
    from streams.files import Dataset
    from surveillance.jobs.copying.recording import verify_and_record
    from surveillance.jobs.copying.tables import verification_tables
    from surveillance.jobs.copying.verify import Verification, verify_recorded, verify_simulated

    if dataset is not None and scenario is not None:
        raise typer.BadParameter("give one of --dataset and --scenario")
    wanted = read_plan(plan)
    others = [read_plan(path) for path in running or []]

    def play() -> Verification:
        with task_bar(Console(stderr=True)) as on_progress, naming_options():
            if dataset is not None:
                return verify_recorded(
                    wanted,
                    Dataset.open(dataset),
                    others,
                    seed=seed,
                    latest_time_ns=now_ns() + DAY_NS,
                    on_progress=on_progress,
                )
            return verify_simulated(
                wanted,
                scenario or "basic",
                others,
                seed=seed,
                n_accounts=accounts,
                on_progress=on_progress,
            )

    with open_store(load_settings(store=store)) as opened:
        report = verify_and_record(opened.copying, wanted, play)
    if as_json:
        typer.echo(json.dumps(report.to_json()))
        return
    for table in verification_tables(report):
        output_console().print(plain_table(table))


@app.command()
def validate(
    plan: Annotated[
        Path | None,
        typer.Argument(metavar="[PLAN]", help="A plan of its own by default.", readable=False),
    ] = None,
    accounts: Annotated[int, typer.Option(help="Accounts of the market around it.")] = 3_000,
    scenario: Annotated[str, typer.Option(help=f"The market: {SCENARIO_NAMES}.")] = "nothing",
    seed: Seed = 1,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Mix a copier's orders into a market and see whether the detector finds what it did.

    Exit status 1 where it does not.
    """
    del store  # taken by every command; a validation records nothing
    from streams.copier import read_plan
    from surveillance.jobs.copying.tables import validation_tables
    from surveillance.jobs.copying.validate import validate as run_loop

    wanted = None if plan is None else read_plan(plan)
    with task_bar(Console(stderr=True)) as on_progress, naming_options():
        report = run_loop(
            wanted, scenario=scenario, n_accounts=accounts, seed=seed, on_progress=on_progress
        )
    if as_json:
        typer.echo(json.dumps(report.to_json()))
    else:
        for table in validation_tables(report):
            output_console().print(plain_table(table))
    if not report.is_as_it_should:
        raise typer.Exit(DIFFERS)
