"""Variants: the fixed ones differ from the method, the typed ones are read or refused."""

import pytest

from models.params import DetectionParams
from surveillance.jobs.variants import VARIANTS, VariantError, choose_variants, parse_variant, vary

DEFAULTS = DetectionParams()


def test_every_fixed_variant_is_another_method() -> None:
    chosen = choose_variants(DEFAULTS, fixed=True, typed=())
    assert list(chosen) == list(VARIANTS)
    hashes = {params.content_hash() for params in (DEFAULTS, *chosen.values())}
    assert len(hashes) == len(VARIANTS) + 1


def test_a_typed_value_has_the_type_of_its_field() -> None:
    name, overrides = parse_variant("x=rank_test.depth:64,rank_test.thetas:0.2+0.8")
    params = vary(DEFAULTS, overrides, name=name)
    assert (params.rank_test.depth, params.rank_test.thetas) == (64, (0.2, 0.8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deep", "must have the form"),
        ("=rank_test.depth:1", "must have the form"),
        ("x=rank_test.depth", "must have the form"),
        ("x=rank_test.depth:many", "must give rank_test.depth a number, was 'many'"),
        ("x=rank_test.no:1", "must name a field as part.field, was 'rank_test.no'"),
        ("x=no.depth:1", "must name a field"),
        ("x=rank_test.depth:0", "is refused: depth must be at least 1"),
    ],
)
def test_a_bad_variant_is_refused_in_one_line(text, message) -> None:
    with pytest.raises(VariantError, match=message) as refusal:
        choose_variants(DEFAULTS, fixed=False, typed=[text])
    assert "\n" not in str(refusal.value)
