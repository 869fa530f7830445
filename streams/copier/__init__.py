"""The reference copier: a leader's order events in, its followers' orders out.

`Copier.process` is the whole of it. It has no clock, no socket and no log: time arrives as ticks,
what there is to say leaves as notices, and the state is a value.
"""

from streams.copier.actions import Action, Command, CommandKind, Notice, NoticeCode
from streams.copier.copier import Copier
from streams.copier.errors import CopierStateError, PlanError
from streams.copier.instruments import Instrument
from streams.copier.plan import Plan
from streams.copier.plan_check import Declaration, Refusal, check_plan
from streams.copier.plan_file import read_plan

__all__ = [
    "Action",
    "Command",
    "CommandKind",
    "Copier",
    "CopierStateError",
    "Declaration",
    "Instrument",
    "Notice",
    "NoticeCode",
    "Plan",
    "PlanError",
    "Refusal",
    "check_plan",
    "read_plan",
]
