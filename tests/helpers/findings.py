"""Builds run findings like those of a real run, for tests of store, API, desk and report.

Every verdict occurs several times; ids and reasons hold what an attacker would put there. Same
arguments, same findings: nothing here is random.
"""

from dataclasses import replace

from surveillance.findings import (
    AccountSummary,
    Declaration,
    Episode,
    EpisodeOrder,
    Graph,
    GraphEdge,
    GraphNode,
    Group,
    GroupFinding,
    LagHistogram,
    Member,
    PlaceboFinding,
    Reason,
    RecommendedAction,
    RunFindings,
    RunManifest,
    RunReference,
    Subtype,
    TieFinding,
    TimelineOrder,
    VerdictName,
)

START_NS = 1_767_600_000_000_000_000
SECOND_NS = 1_000_000_000

# Account ids as strangers send them: markup, path and URL parts, control, bidi and zero-width
# characters, spreadsheet formulas, templates, emptiness and length.
HOSTILE_IDS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "../../etc/passwd",
    "a/b/episodes",
    "..",
    "line\nbreak\ttab\x00nul\x1besc",
    "trailing newline\n",
    "\u202egnp.exe\u2066\u200b",
    '=HYPERLINK("http://x")',
    "100%25?x=1&y=2#z;+ ",
    "{{ 7 * 7 }}{% raw %}",
    "' OR 1=1 --",
    " leading and trailing ",
    "Ünïcödé 交易 😀",
    "%_\\",
    "L" * 10_000,
)

KINDS: tuple[tuple[VerdictName, Subtype, RecommendedAction, Declaration], ...] = (
    (
        VerdictName.EXTERNAL,
        Subtype.SIGNAL,
        RecommendedAction.FREEZE_REVIEW,
        Declaration.UNDECLARED,
    ),
    (
        VerdictName.INTERNAL,
        Subtype.UNDECLARED_OWN_ACCOUNTS,
        RecommendedAction.REQUEST_DECLARATION,
        Declaration.UNDECLARED,
    ),
    (
        VerdictName.INTERNAL,
        Subtype.OWN_ACCOUNTS,
        RecommendedAction.NONE,
        Declaration.DECLARED,
    ),
    (
        VerdictName.INDEPENDENT,
        Subtype.COMMON_STRATEGY,
        RecommendedAction.NONE,
        Declaration.UNDECLARED,
    ),
    (
        VerdictName.UNDETERMINED,
        Subtype.OTHER,
        RecommendedAction.REVIEW,
        Declaration.PARTLY,
    ),
    (
        VerdictName.EXTERNAL,
        Subtype.MANAGED_ACCOUNTS,
        RecommendedAction.REVIEW,
        Declaration.CONTRADICTED,
    ),
)


def build_findings(
    *,
    run_id: str = "run-1",
    dataset: str = "market",
    n_groups: int = 12,
    n_episodes: int = 7,
    group_prefix: str = "g",
    hostile: bool = True,
) -> RunFindings:
    """Build a whole run: `n_groups` groups cycling through `KINDS`, accounts, placebo, manifest.

    With `hostile`, the first member of group k is `HOSTILE_IDS[k]` while they last, and one owner,
    firm, instrument, device label and reason hold markup and bidi characters too.
    """
    reference = RunReference(run_id, "0.1.0", "p" * 16, dataset)
    groups = tuple(
        build_group(
            number, reference, n_episodes=n_episodes, group_prefix=group_prefix, hostile=hostile
        )
        for number in range(n_groups)
    )
    member_ids = {member.account_id for found in groups for member in found.group.members}
    if hostile:
        member_ids |= set(HOSTILE_IDS)
    honest_ids = {f"{group_prefix}-honest-{number:03d}" for number in range(20)}
    return RunFindings(
        manifest=build_manifest(run_id, dataset, n_groups=n_groups),
        groups=groups,
        placebo=build_placebo(),
        accounts=tuple(
            build_account(account_id, number)
            for number, account_id in enumerate(sorted(member_ids | honest_ids))
        ),
    )


def build_manifest(run_id: str, dataset: str, *, n_groups: int) -> RunManifest:
    """Build a manifest whose counts reconcile."""
    return RunManifest(
        run_id=run_id,
        version="0.1.0",
        parameters={"ring_depth": 64, "look_back_ns": 600 * SECOND_NS, "fidelity": 0.5},
        parameters_hash="p" * 16,
        dataset=dataset,
        dataset_hash="d" * 64,
        counts={
            "read": 50_010,
            "accepted": 50_000,
            "duplicates": 10,
            "orders": 48_000,
            "decisions": 41_000,
            "accounts": 300,
            "families": 5,
            "pairs_tested": 88_000,
            "pairs_validated": 40,
            "groups": n_groups,
        },
        first_time_ns=START_NS,
        last_time_ns=START_NS + 5 * 86_400 * SECOND_NS,
        threshold_log10_e=7.3,
        chance_groups_per_year=0.02,
        threshold_raised_log10_e=0.25,
        started_time_ns=START_NS + 6 * 86_400 * SECOND_NS,
        finished_time_ns=START_NS + 6 * 86_400 * SECOND_NS + 42 * SECOND_NS,
    )


def build_placebo() -> tuple[PlaceboFinding, ...]:
    """Build the placebo counts at three tolerances, all inside their bound."""
    return (
        PlaceboFinding(1.0, 1, 0.9, 4, True, {"+1h": 0, "+1d": 1}),
        PlaceboFinding(10.0, 8, 9.1, 17, True, {"+1h": 3, "+1d": 5}),
        PlaceboFinding(100.0, 93, 97.0, 121, True, {"+1h": 44, "+1d": 49}),
    )


def build_account(account_id: str, number: int) -> AccountSummary:
    """Build one account's summary."""
    return AccountSummary(
        account_id=account_id,
        owner_id=None if number % 4 == 0 else f"owner-{number // 3}",
        firm_id=f"firm-{number % 3}",
        account_kind=("evaluation", "funded", "live", None)[number % 4],
        n_orders=100 + number,
        n_decisions=80 + number,
        first_time_ns=START_NS + number * SECOND_NS,
        last_time_ns=START_NS + (86_400 + number) * SECOND_NS,
    )


def build_group(
    number: int,
    reference: RunReference,
    *,
    n_episodes: int = 7,
    group_prefix: str = "g",
    hostile: bool = True,
) -> GroupFinding:
    """Build one group of kind `KINDS[number % len(KINDS)]` with all its evidence."""
    verdict, subtype, action, declaration = KINDS[number % len(KINDS)]
    accounts = member_ids(number, group_prefix, hostile=hostile)
    off_venue = number % 5 == 4
    leader = None if off_venue else accounts[0]
    firm = "firm-<b>\u202e" if hostile and number == 1 else f"firm-{number % 3}"
    instrument = "<i>ES</i>\u202e" if hostile and number == 2 else ("ES", "NQ", "CL")[number % 3]
    same_owner = verdict is VerdictName.INTERNAL
    members = tuple(
        Member(
            account_id=account_id,
            role="leader" if account_id == leader else "follower",
            owner_id=f"owner-{number}" if same_owner else f"owner-{number}-{place}",
            firm_id=firm,
            allocation_ratio=None if account_id == leader else 0.5 * place + 0.5,
            inverse=place == 2,
            lag_median_ms=None if account_id == leader else 40.0 * place + number,
            lag_iqr_ms=None if account_id == leader else 5.5,
            copied=0 if account_id == leader else n_episodes,
            opportunities=n_episodes + 2,
            participation=None if account_id == leader else n_episodes / (n_episodes + 2),
            # Equal evidence in groups 6 apart: paging must break the tie.
            log10_e=None if account_id == leader else 10.0 + number % 6,
            declared=declaration is Declaration.DECLARED,
        )
        for place, account_id in enumerate(accounts)
    )
    first_ns = START_NS + number * 60 * SECOND_NS
    episodes = build_episodes(members, first_ns, instrument, n_episodes)
    return GroupFinding(
        group=Group(
            group_id=f"{group_prefix}-{number:04d}",
            verdict=verdict,
            subtype=subtype,
            probability=None,
            state="provisional" if number % 4 == 3 else "confirmed",
            recommended_action=action,
            leader_account_id=leader,
            source_off_venue=off_venue,
            log10_e=10.0 + number % 6,
            chance_groups_per_year=0.02,
            members=members,
            ties=build_ties(accounts, same_owner=same_owner),
            reasons=build_reasons(number, n_episodes, hostile=hostile),
            episodes=n_episodes,
            first_time_ns=first_ns,
            last_time_ns=episodes[-1].time_ns,
            instruments=(instrument, "MES"),
            declaration=declaration,
            run=reference,
        ),
        episodes=episodes,
        graph=build_graph(members, hostile=hostile),
        lag_histogram=LagHistogram(
            edges_ms=(0.0, 1.0, 10.0, 100.0, 1_000.0, 120_000.0),
            observed=(0, 2, 11, 3, 0),
            expected=(0.1, 0.4, 1.2, 2.5, 4.75),
        ),
        timeline=build_timeline(episodes),
    )


def member_ids(number: int, group_prefix: str, *, hostile: bool) -> tuple[str, ...]:
    """Name the members: three to five, the first one hostile while such ids last."""
    ids = [f"{group_prefix}{number:04d}-account-{place}" for place in range(3 + number % 3)]
    if hostile and number < len(HOSTILE_IDS):
        ids[0] = HOSTILE_IDS[number]
    return tuple(ids)


def build_ties(accounts: tuple[str, ...], *, same_owner: bool) -> tuple[TieFinding, ...]:
    """Build the ties of a group: an owner for one's own accounts, a crowded address for all."""
    address = TieFinding("ip", "5f" * 8, accounts[:2], 140, 0.7)
    if not same_owner:
        return (address,)
    return (
        TieFinding("owner", "0c" * 8, accounts, len(accounts), 12.5),
        TieFinding("device", "9a" * 8, accounts[:2], 2, 9.25),
        address,
    )


def build_reasons(number: int, n_episodes: int, *, hostile: bool) -> tuple[Reason, ...]:
    """Build two reasons; that of group 0 repeats a hostile string."""
    text = f"{n_episodes} of {n_episodes + 2} decisions of the leader were repeated."
    if hostile and number == 0:
        text += " <svg onload=alert(1)> \u202egnp.exe"
    return (
        Reason("fidelity", text, {"copied": n_episodes, "opportunities": n_episodes + 2}),
        Reason(
            "shared_address",
            "Two members share an address with 138 other accounts: weak on its own.",
            {"crowd": 140, "weight_bits": 0.7, "kind": "ip"},
        ),
    )


def build_episodes(
    members: tuple[Member, ...], first_ns: int, instrument: str, n_episodes: int
) -> tuple[Episode, ...]:
    """Build episodes ten seconds apart in which every member takes part."""
    episodes = []
    for number in range(1, n_episodes + 1):
        time_ns = first_ns + number * 10 * SECOND_NS
        side = "buy" if number % 2 else "sell"
        orders = []
        for place, member in enumerate(members):
            lag_ms = 40.0 * place
            orders.append(
                EpisodeOrder(
                    account_id=member.account_id,
                    role=member.role,
                    event_time_ns=time_ns + int(lag_ms) * 1_000_000,
                    lag_ms=lag_ms,
                    instrument_id=instrument,
                    side=({"buy": "sell", "sell": "buy"}[side] if member.inverse else side),
                    quantity=float(1 + place),
                    price=None if number == 1 else 5_000.25 + number,
                )
            )
        episodes.append(Episode(number, time_ns, tuple(orders)))
    return tuple(episodes)


def build_graph(members: tuple[Member, ...], *, hostile: bool) -> Graph:
    """Build the account graph: a leader (or the first member), its followers, one device."""
    device = "<script>device</script>\u202e" if hostile else "device"
    nodes = [
        GraphNode(m.account_id, m.role, m.account_id, 0.1 + 0.15 * place, 0.5)
        for place, m in enumerate(members)
    ]
    nodes.append(GraphNode("device:9a", "device", device, 0.5, 0.9))
    source = members[0].account_id
    edges = [GraphEdge(source, m.account_id, "copies", m.log10_e or 9.0) for m in members[1:]]
    edges.append(GraphEdge(source, "device:9a", "device", 9.25))
    return Graph(tuple(nodes), tuple(edges))


def build_timeline(episodes: tuple[Episode, ...]) -> tuple[TimelineOrder, ...]:
    """Build the timeline: the episodes' orders and after each one lone order, by time."""
    orders = []
    for episode in episodes:
        copied = [
            TimelineOrder(
                o.account_id, o.event_time_ns, o.instrument_id, o.side, o.quantity, o.price, True
            )
            for o in episode.orders
        ]
        last = copied[-1]
        lone = replace(last, event_time_ns=last.event_time_ns + SECOND_NS, copied=False)
        orders += [*copied, lone]
    return tuple(orders)
