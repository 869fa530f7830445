"""Laws of the population: how many accounts an owner holds, and who shares an address."""

from dataclasses import dataclass

from streams.simulator.laws import Choice, Law


@dataclass(frozen=True, slots=True)
class PopulationLaws:
    """Laws of who owns and shares what; shares are of the honest owners.

    Offices are addresses of several owners, households of two; their trading is independent.
    """

    accounts_of_owner: Law
    office_size: Law
    office_share: float
    household_share: float
    accounts_per_server_address: int


USUAL_POPULATION = PopulationLaws(
    accounts_of_owner=Choice((1.0, 2.0, 3.0, 4.0), (0.94, 0.04, 0.015, 0.005)),
    office_size=Choice((3.0, 4.0, 5.0, 6.0, 7.0, 8.0), (3.0, 3.0, 2.0, 2.0, 1.0, 1.0)),
    office_share=0.05,
    household_share=0.06,
    accounts_per_server_address=700,
)
