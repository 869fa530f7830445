"""Variants of the method: the same thresholds but for one idea left out or turned.

A variant is a name and overrides of fields of `DetectionParams`, written `part.field`. The fixed
ones answer what each idea is worth; anybody can add more on the command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from models.errors import ParameterError
from models.params import DAY_NS, MINUTE_NS, DetectionParams
from surveillance.errors import SurveillanceError, show_value

Overrides = Mapping[str, Any]

VARIANTS: Mapping[str, Overrides] = MappingProxyType(
    {
        "without clock habit": {"rank_test.habit_ns": 0},
        "without fast memory": {"rank_test.fast_memory_ns": 15 * MINUTE_NS},
        "one clock phase": {"rank_test.phase_ns": MINUTE_NS},
        "without intensity": {"rank_test.n_levels": 1},
        "without the second look": {"slow_look.kappas": ()},
        "no restarts": {"rank_test.restart_ns": 1_000 * DAY_NS},
        "depth 128": {"rank_test.depth": 128},
        "8 rows a follower": {"rank_test.rows_a_follower": 8},
        "p up to 0.05": {"rank_test.p_cap": 0.05},
        "prior of 50 decisions": {"rank_test.prior_decisions": 50.0},
        "safety 2": {"rank_test.safety": 2.0},
        "1 false pair tolerated": {"groups.tolerated_false_pairs": 1.0},
        "without weak members": {"groups.tolerated_false_attachments": 1e-300},
    }
)
"""The fixed variants; each differs from the defaults in one thing."""


class VariantError(SurveillanceError):
    """A variant that names no field, or a value that its field cannot take.

    Parameters
    ----------
    variant : str
        As it was typed.
    rule : str
        What it must satisfy.
    """

    def __init__(self, variant: str, rule: str) -> None:
        super().__init__(variant, rule)
        self.variant = variant
        self.rule = rule

    def __str__(self) -> str:
        return f"variant {show_value(self.variant)} {self.rule}"


def vary(params: DetectionParams, overrides: Overrides, *, name: str) -> DetectionParams:
    """Return thresholds with some fields replaced.

    Parameters
    ----------
    params : DetectionParams
        Where to start from.
    overrides : mapping of str to value
        `part.field` to a value of the field's type.
    name : str
        What a refusal calls the variant.

    Raises
    ------
    VariantError
        If there is no such field or the value is refused.

    Examples
    --------
    >>> vary(DetectionParams(), {"rank_test.depth": 128}, name="depth 128").rank_test.depth
    128
    """
    for path, value in overrides.items():
        part, _, field = path.partition(".")
        if part not in _names(params) or field not in _names(getattr(params, part)):
            raise VariantError(name, f"must name a field as part.field, was {show_value(path)}")
        try:
            changed = replace(getattr(params, part), **{field: value})
        except ParameterError as error:
            raise VariantError(name, f"is refused: {error}") from error
        params = replace(params, **{part: changed})
    return params


def parse_variant(text: str) -> tuple[str, dict[str, Any]]:
    """Return the name and overrides of a variant as typed: NAME=part.field:value,...

    Parameters
    ----------
    text : str
        As typed on the command line.

    Raises
    ------
    VariantError
        If it has another form.

    Examples
    --------
    >>> parse_variant("deep=rank_test.depth:512,rank_test.p_cap:0.1")
    ('deep', {'rank_test.depth': 512, 'rank_test.p_cap': 0.1})
    """
    name, equals, rest = text.partition("=")
    overrides: dict[str, Any] = {}
    for item in rest.split(","):
        path, colon, value = item.partition(":")
        if not (name and equals and colon):
            raise VariantError(text, "must have the form NAME=part.field:value,...")
        overrides[path.strip()] = _value_of(path.strip(), value.strip(), text)
    return name, overrides


def choose_variants(
    params: DetectionParams, *, fixed: bool, typed: Sequence[str]
) -> dict[str, DetectionParams]:
    """Return the thresholds of the fixed variants, if wanted, and of those typed.

    Parameters
    ----------
    params : DetectionParams
        What they vary.
    fixed : bool
        Whether the fixed ones are wanted.
    typed : sequence of str
        Further ones; a name typed again replaces the earlier.

    Raises
    ------
    VariantError
        If one is refused.
    """
    chosen = dict(VARIANTS) if fixed else {}
    chosen.update(parse_variant(text) for text in typed)
    return {name: vary(params, overrides, name=name) for name, overrides in chosen.items()}


def _names(record: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(record))


def _value_of(path: str, value: str, text: str) -> Any:
    """Return a typed value as its field has it: a whole number, a number, or numbers by `+`."""
    part, _, field = path.partition(".")
    here = getattr(getattr(DetectionParams(), part, None), field, None)
    try:
        if isinstance(here, tuple):
            kind = type(here[0])
            return tuple(kind(item) for item in value.split("+"))
        return type(here)(value) if isinstance(here, int | float) else value
    except ValueError as error:
        raise VariantError(text, f"must give {path} a number, was {show_value(value)}") from error
