"""Errors of the surveillance package: one root, few leaves, data as attributes.

Every message is one line and names the thing, the rule and the value. The HTTP status of an
error is decided in one table, in `surveillance.api.problems`.
"""

from collections.abc import Sequence

from streams.text import printable

LONGEST_SHOWN_VALUE = 64  # characters of a value that a message repeats
LONGEST_SHOWN_PATH = 300  # a path that is cut names nothing


def show_value(value: object) -> str:
    r"""Return a value for a message: on one line, control and bidi characters escaped, cut.

    Parameters
    ----------
    value : object
        What was refused; identifiers come from strangers and may be long or hostile.

    Returns
    -------
    str
        Its `repr`, at most `LONGEST_SHOWN_VALUE` characters and an ellipsis.

    Examples
    --------
    >>> show_value("A\n1")
    "'A\\n1'"
    """
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN_VALUE else text[:LONGEST_SHOWN_VALUE] + "..."


class SurveillanceError(Exception):
    """Root of the errors that this package raises on purpose."""


class SettingsError(SurveillanceError):
    """Settings that cannot be used; reports every bad one together.

    Parameters
    ----------
    problems : Sequence[str]
        One sentence a bad setting: its name, the rule and the value.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class StoreError(SurveillanceError):
    """The store cannot be opened, read or written.

    Parameters
    ----------
    store : str
        The store's URL, without its password.
    problem : str
        What went wrong and, where it is known, what to do.
    """

    def __init__(self, store: str, problem: str) -> None:
        self.store = store
        self.problem = problem
        super().__init__(f"store {store}: {problem}")


class NotFoundError(SurveillanceError):
    """A group, account, run, stream, dead letter, copier or follower that the store does not hold.

    Parameters
    ----------
    kind : str
        What was looked for: `group`, `account`, `run`, `stream`, `dead letter`, `copier` or
        `follower`.
    identifier : str
        Its id as asked for.
    """

    def __init__(self, kind: str, identifier: str) -> None:
        self.kind = kind
        self.identifier = identifier
        super().__init__(f"the store holds no {kind} {show_value(identifier)}")


class CursorError(SurveillanceError):
    """A page cursor that this store did not hand out, or handed out for another listing.

    Parameters
    ----------
    cursor : str
        The cursor as it came.
    """

    def __init__(self, cursor: str) -> None:
        self.cursor = cursor
        super().__init__(
            f"cursor must be a next_cursor of the same listing and sort, was {show_value(cursor)}"
        )


class ResultsError(SurveillanceError):
    """Result files cannot be written.

    Parameters
    ----------
    path : object
        Where the results were to go.
    problem : str
        What went wrong.
    """

    def __init__(self, path: object, problem: str) -> None:
        self.path = str(path)
        self.problem = problem
        super().__init__(f"results {printable(self.path, LONGEST_SHOWN_PATH)}: {problem}")


class SpoolError(SurveillanceError):
    """Encoded orders cannot be kept on disk for the time of a run.

    Parameters
    ----------
    directory : str
        The temporary directory.
    problem : str
        What went wrong.
    """

    def __init__(self, directory: str, problem: str) -> None:
        self.directory = directory
        self.problem = problem
        super().__init__(
            f"temporary directory {printable(directory, LONGEST_SHOWN_PATH)}: {problem}; "
            "TMPDIR may name a larger one"
        )


class CopierError(SurveillanceError):
    """A copier that cannot do what is asked while it is as it is.

    Parameters
    ----------
    plan_id : str
        Its plan.
    problem : str
        What stands in the way and, where it is known, what to do; continues the sentence.
    """

    def __init__(self, plan_id: str, problem: str) -> None:
        self.plan_id = plan_id
        self.problem = problem
        super().__init__(f"copier {show_value(plan_id)} {problem}")


class BusyError(SurveillanceError):
    """Work that only one may have done at a time, and somebody has it done already.

    Parameters
    ----------
    work : str
        What is being done; begins the sentence.
    retry_after_s : int
        When to ask again.
    """

    def __init__(self, work: str, retry_after_s: int) -> None:
        self.work = work
        self.retry_after_s = retry_after_s
        super().__init__(f"{work} already: try again in {retry_after_s} s")


class PlanRefusedError(SurveillanceError):
    """A copy plan that may not run; reports every reason together.

    Parameters
    ----------
    plan_id : str
        The plan.
    reasons : Sequence[str]
        One sentence each.
    """

    def __init__(self, plan_id: str, reasons: Sequence[str]) -> None:
        self.plan_id = plan_id
        self.reasons = tuple(reasons)
        super().__init__(f"plan {show_value(plan_id)} is refused: {'; '.join(reasons)}")
