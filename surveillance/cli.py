"""The `surveillance` command: what users type, in one file, each command a few lines.

Exit status 0 done, 1 the input was refused (one line on standard error says why), 2 wrong usage.
Progress shows on a terminal and is silent in a pipe; `--json` prints one JSON object.
"""

import json
import shlex
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from models.errors import ModelError
from models.params import DetectionParams
from streams.errors import StreamError
from streams.text import printable
from surveillance import __version__
from surveillance.assembly import open_store, simulate_into
from surveillance.clock import now_ns
from surveillance.commands import copy, dead_letters
from surveillance.commands.produce import produce
from surveillance.commands.run import run, scan_journal
from surveillance.commands.serve import demo, serve
from surveillance.config import load_settings
from surveillance.errors import PlanRefusedError, SurveillanceError
from surveillance.fitted import (
    check_place,
    describe_classifier,
    load_classifier,
    write_classifier,
)
from surveillance.jobs.scan import run_scan
from surveillance.options import (
    SCENARIO_NAMES,
    AsJson,
    ClassifierFile,
    StoreUrl,
    naming_options,
)
from surveillance.policy import with_policy
from surveillance.results import scan_summary
from surveillance.terminal import (
    output_console,
    plain_table,
    progress_bars,
    task_bar,
    verdict_table,
)

REFUSED = 1
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
LONGEST_REFUSAL = 1_000
LONGEST_PLAN_REFUSAL = 10_000  # it names every reason
app = typer.Typer(
    name="surveillance",
    help="Find accounts that repeat the same orders and say who copies whom, and whether they may.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(copy.app, name="copy")
app.command()(run)
app.command()(scan_journal)


def main() -> None:
    """Run the command; refusals become one line and exit status 1."""
    ended = signal.signal(signal.SIGTERM, _terminate)
    # A shell that starts it in the background has it ignore interrupts.
    interrupted = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except PlanRefusedError as error:
        _refuse(str(error), LONGEST_PLAN_REFUSAL)
    except (SurveillanceError, StreamError, ModelError) as error:
        _refuse(str(error))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _refuse(f"{place}{error.strerror or error}")
    except UnicodeEncodeError as error:  # the system gives what is not UTF-8 as lone surrogates
        _refuse(f"names must be UTF-8, was {printable(error.object, 300)}")
    except (KeyboardInterrupt, SystemExit) as left:
        # An interrupt inside a command comes out as an exit.
        if isinstance(left, SystemExit) and left.code != INTERRUPTED:
            raise
        print("surveillance: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, ended)
        signal.signal(signal.SIGINT, interrupted)


def _terminate(number: int, frame: FrameType | None) -> None:
    """End as an interrupt does: temporary files go, nothing half-written stays."""
    sys.exit(TERMINATED)


def _refuse(message: str, longest: int = LONGEST_REFUSAL) -> None:
    print(f"surveillance: {printable(message, longest)}", file=sys.stderr)
    sys.exit(REFUSED)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command()
def scan(
    dataset: Annotated[
        # Whether it can be read is the dataset's to say: refused input, not wrong usage.
        Path,
        typer.Argument(
            metavar="DATASET", help="Directory with orders and other tables.", readable=False
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Directory for the result files.")],
    store: StoreUrl = None,
    name: Annotated[str | None, typer.Option(help="Name of the dataset in the store.")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="TOML file with the venue's policy.", readable=False)
    ] = None,
    classifier: ClassifierFile = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole detector over files."""
    console = Console(stderr=True)
    settings = load_settings(store=store, policy=policy, classifier=classifier)
    params = with_policy(DetectionParams(), settings.policy)
    artifact = load_classifier(settings.classifier)
    with open_store(settings) as opened, progress_bars(console) as progress:
        result = run_scan(
            dataset,
            out=out,
            store=opened,
            params=params,
            name=name,
            progress=progress,
            artifact=artifact,
        )
    if as_json:
        typer.echo(json.dumps({"out": str(out), **scan_summary(result.findings)}))
        return
    output_console().print(verdict_table(result.findings))
    typer.echo(f"Results: {out / 'report.html'}")


app.command()(serve)
app.command()(demo)


@app.command()
def simulate(
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Directory for the dataset; the key goes beside it."),
    ],
    scenario: Annotated[str, typer.Option(help=f"{SCENARIO_NAMES}.")] = "basic",
    accounts: Annotated[int, typer.Option(help="Accounts of the market.")] = 3_000,
    days: Annotated[int, typer.Option(help="Trading days.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the market.")] = 1,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a market: a dataset and, apart from it, its answer key."""
    del store  # taken by every command; a simulation records nothing
    if out.exists() and any(out.iterdir()):
        raise typer.BadParameter(f"{out} is not empty", param_hint="OUT")
    with naming_options():
        market = simulate_into(out, scenario=scenario, n_accounts=accounts, n_days=days, seed=seed)
    place = out.resolve()  # "." has no name
    key = place.with_name(f"{place.name}.key.json")
    key.write_text(json.dumps(market.answer_key, indent=1) + "\n", encoding="utf-8")
    n_orders = market.tables["orders"].num_rows
    if as_json:
        typer.echo(json.dumps({"dataset": str(out), "key": str(key), "order_events": n_orders}))
    else:
        n_groups = len(market.answer_key["groups"])
        typer.echo(f"{out}: {n_orders:,} order events of {accounts:,} accounts")
        typer.echo(f"{key}: {n_groups} planted groups")


@app.command()
def evaluate(
    dataset: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATASET", help="Dataset with a known answer; needs --key.", readable=False
        ),
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Answer key of DATASET.", readable=False)] = None,
    scenario: Annotated[
        str | None, typer.Option(help=f"Simulate instead: {SCENARIO_NAMES}.")
    ] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Simulate kinds kept for measuring.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Markets to simulate.")] = 5,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first market.")] = 101,
    accounts: Annotated[int, typer.Option(help="Accounts of each market.")] = 3_000,
    days: Annotated[int, typer.Option(help="Trading days of each market.")] = 3,
    jobs: Annotated[int, typer.Option(min=1, help="Markets measured at a time.")] = 2,
    baselines: Annotated[
        str | None,
        typer.Option(
            help="Other methods on the same orders: none, quick or all.",
            show_default="quick; none with variants",
        ),
    ] = None,
    variants: Annotated[
        bool, typer.Option("--variants", help="Also measure the fixed variants of the method.")
    ] = False,
    variant: Annotated[
        list[str] | None,
        typer.Option("--variant", help="Also measure NAME=part.field:value,..."),
    ] = None,
    copies_until_flag: Annotated[
        int, typer.Option(min=0, help="Markets on which to count copies until the first flag.")
    ] = 0,
    real_data: Annotated[
        Path | None, typer.Option(help="Directory of the public sets named in docs/quality.md.")
    ] = None,
    classifier: ClassifierFile = None,
    write_docs: Annotated[
        Path | None, typer.Option(help="Document to write the section into.")
    ] = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Measure detection quality against an answer key, with the baselines beside it."""
    del store  # taken by every command; an evaluation records nothing
    # Imported here: they cost the other commands a second of start-up.
    from surveillance.jobs.evaluation import Evaluation, evaluate_dataset, evaluate_scenario
    from surveillance.jobs.measuring import HELD_OUT, plan_measuring
    from surveillance.jobs.quality_report import report_tables, write_quality
    from surveillance.jobs.real_data import RealDataReport, evaluate_real_data

    scenario = HELD_OUT if held_out and scenario is None else scenario
    if held_out and scenario != HELD_OUT:
        raise typer.BadParameter("give one of --scenario and --held-out")
    if sum(choice is not None for choice in (dataset, scenario, real_data)) != 1:
        raise typer.BadParameter(
            "give one of DATASET with --key, --scenario, --held-out, --real-data"
        )
    if (dataset is None) != (key is None):
        raise typer.BadParameter("DATASET and --key go together")
    try:
        plan = plan_measuring(
            baselines=baselines or ("none" if variants or variant else "quick"),
            fixed_variants=variants,
            typed_variants=variant or [],
            n_with_first_flags=copies_until_flag,
            classifier=classifier,
        )
    except SurveillanceError as error:
        raise typer.BadParameter(str(error)) from error
    with task_bar(Console(stderr=True)) as on_progress, naming_options():
        if real_data is not None:
            report: Evaluation | RealDataReport = evaluate_real_data(
                real_data, on_progress=on_progress
            )
        elif dataset is not None and key is not None:
            report = evaluate_dataset(
                dataset, key, now_ns=now_ns(), plan=plan, on_progress=on_progress
            )
        else:
            report = evaluate_scenario(
                scenario or "",
                seeds=range(first_seed, first_seed + seeds),
                n_accounts=accounts,
                n_days=days,
                plan=plan,
                n_jobs=jobs,
                on_progress=on_progress,
            )
    if write_docs is not None:
        write_quality(write_docs, report, command=_typed())
    if as_json:
        typer.echo(json.dumps(report.to_json()))
        return
    for table in report_tables(report):
        output_console().print(plain_table(table))


@app.command()
def train(
    out: Annotated[Path, typer.Option("--out", help="File for the fitted classifier.")] = Path(
        "classifier.json"
    ),
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", help="Learn from it; may repeat (default full and basic)."),
    ] = None,
    markets: Annotated[int, typer.Option(min=1, help="Markets of each scenario.")] = 8,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first market.")] = 5_001,
    accounts: Annotated[int, typer.Option(help="Accounts of each market.")] = 3_000,
    days: Annotated[int, typer.Option(help="Trading days of each market.")] = 3,
    jobs: Annotated[int, typer.Option(min=1, help="Markets simulated at a time.")] = 2,
    dispositions: Annotated[
        Path | None,
        typer.Option(help="CSV or JSON lines: group_id, disposition.", readable=False),
    ] = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Fit the classifier on simulated markets, and on what people concluded about groups."""
    from surveillance.jobs.dispositions import read_dispositions  # slow to import
    from surveillance.jobs.training import SCENARIOS, TrainingPlan, check_plan
    from surveillance.jobs.training import train as fit

    plan = TrainingPlan(
        scenarios=tuple(dict.fromkeys(scenario or SCENARIOS)),
        n_markets=markets,
        first_seed=first_seed,
        n_accounts=accounts,
        n_days=days,
    )
    with naming_options():
        check_plan(plan)
    check_place(out)
    concluded = []
    if dispositions is not None:
        with open_store(load_settings(store=store)) as opened:
            weight = plan.params.classifier.disposition_weight
            concluded = read_dispositions(dispositions, opened, weight=weight)
    with naming_options(), task_bar(Console(stderr=True)) as on_progress:
        trained = fit(plan, concluded, n_jobs=jobs, on_progress=on_progress)
    write_classifier(out, trained.text)
    if as_json:
        typer.echo(json.dumps({"out": str(out), **asdict(trained.manifest)}))
        return
    typer.echo(describe_classifier(trained.manifest))
    typer.echo(f"Classifier: {out}")


app.command()(produce)


def _typed() -> str:
    """Return the command as it was typed."""
    return shlex.join(["surveillance", *sys.argv[1:]])
