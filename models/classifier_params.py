"""How the classifier is fitted and when it may speak, each number with its reason.

Section 5 of docs/method.md, and docs/classifier.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClassifierParams:
    """The classifier beside the floor: how it is fitted and when it may speak."""

    ridge: float = 10.0
    """Inverse of scikit-learn's C: sum of weighted losses + ridge / 2 x sum of squares."""
    n_folds: int = 5
    """Markets are left out by fifths: groups of one market share its traders and its day."""
    miss_share: float = 0.1
    """Conformal level: of the groups of each class, prediction sets leave out at most this share,
    even where the kind of group is new. A set of several classes abstains."""
    never_out: float = 0.1
    """A class this probable is in every prediction set, however well the classes were told apart:
    one that stands alone has more than four fifths. Below one third no set is ever empty."""
    thinned_weight: float = 0.3
    """A group seen with fewer records weighs this much beside the same with all of them."""
    disposition_weight: float = 3.0
    """A person's conclusion weighs as much as so many simulated groups."""
    veto_independent: float = 0.3
    """The floor's EXTERNAL is withdrawn where the classifier gives INDEPENDENT more than this."""
    n_strongest: int = 3
    """Features named in the finding."""
