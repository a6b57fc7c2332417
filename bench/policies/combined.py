"""How the thirty policies combine their terms: the same lines for every peer.

Each peer writes the terms (who is certified, who is of working age) and the figures in its own way
and hands in an object with them as attributes; ``& | ~ + - *`` are the peer's own.
"""

from collections.abc import Callable
from typing import Any

Part = Callable[[Any], Any]

# policy → its condition, its amount in fen
POLICIES: dict[str, tuple[Part, Part]] = {
    "flexible-insurance": (
        lambda t: t.certified & t.flexible & ~t.pension_drawn,
        lambda t: t.share(t.insurance, 2, 3),
    ),
    "post-insurance": (
        lambda t: t.certified & t.employed & t.year_contract,
        lambda t: t.insurance,
    ),
    "public-post": (
        lambda t: t.certified & t.jobless & t.working_age & t.labour_capacity,
        lambda t: t.minimum_wage,
    ),
    "elder-post": (
        lambda t: t.elder & t.working_age & t.jobless & t.registered_6,
        lambda t: t.share(t.minimum_wage, 7, 10),
    ),
    "first-job": (
        lambda t: t.graduate & t.left_2 & t.employed & t.year_contract,
        lambda t: t.fen(1000_00),
    ),
    "graduate-insurance": (
        lambda t: t.graduate & t.left_2 & t.flexible,
        lambda t: t.share(t.insurance, 2, 3),
    ),
    "job-seeking": (
        lambda t: t.graduate & t.left_1 & (t.poor | t.lifted | t.disabled),
        lambda t: t.fen(1000_00),
    ),
    "practice": (
        lambda t: t.jobless & (t.youth & t.registered | t.graduate & t.left_2),
        lambda t: t.share(t.minimum_wage, 6, 10),
    ),
    "startup": (
        lambda t: t.flexible & (t.veteran | t.certified | t.graduate & t.left_2),
        lambda t: t.startup_sum,
    ),
    "training": (
        lambda t: t.work_wish & t.working_age & (t.registered | t.poor | t.land_lost | t.lifted),
        lambda t: t.training_sum,
    ),
    "training-living": (
        lambda t: t.certified & t.working_age & (t.poor | t.disabled),
        lambda t: t.fen(600_50),
    ),
    "unemployment-benefit": (
        lambda t: t.insured_12 & t.registered & t.work_wish & t.jobless,
        lambda t: t.share(t.minimum_wage, 9, 10),
    ),
    "unemployment-long": (
        lambda t: t.insured_120 & t.registered & ~t.pension_drawn & t.jobless,
        lambda t: t.share(t.minimum_wage, 9, 10) * 24,
    ),
    "unemployment-aid": (
        lambda t: ~t.insured_12 & t.registered & t.of_age & ~t.pension_drawn,
        lambda t: t.share(t.minimum_wage, 72, 100),
    ),
    "medical": (
        lambda t: t.registered & t.insured_12 & ~t.pension_drawn,
        lambda t: t.fen(312_40),
    ),
    "price-subsidy": (
        lambda t: t.nearly_poor & (t.registered | ~t.flexible & ~t.employed),
        lambda t: t.either(t.poor, 200_00, 120_00),
    ),
    "disabled-award": (
        lambda t: t.disabled & (t.employed | t.flexible),
        lambda t: t.either(t.severe, 3000_00, 2000_00),
    ),
    "disabled-startup": (
        lambda t: t.disabled & t.flexible & t.working_age,
        lambda t: t.startup_sum * 2,
    ),
    "lifted-travel": (
        lambda t: t.lifted & t.employed & t.contract_3,
        lambda t: t.fen(500_00),
    ),
    "lifted-post": (
        lambda t: t.lifted & t.jobless & t.labour_capacity & t.working_age,
        lambda t: t.share(t.minimum_wage, 8, 10),
    ),
    "land-training": (
        lambda t: t.land_lost & t.schooled & t.work_wish,
        lambda t: t.training_sum,
    ),
    "single-parent": (
        lambda t: t.single_parent_of_minor & t.low_income & (t.jobless | t.flexible),
        lambda t: t.fen(800_00),
    ),
    "veteran-post": (
        lambda t: t.veteran & (t.unemployed_12 | t.registered_6),
        lambda t: t.fen(1200_00),
    ),
    "long-unemployed": (
        lambda t: t.unemployed_12 & t.working_age & t.labour_capacity,
        lambda t: t.least(t.unemployed_months, 24) * 150_00,
    ),
    "low-income": (
        lambda t: t.low_income & t.working_age & t.labour_capacity & t.work_wish,
        lambda t: t.minimum_wage - t.income,
    ),
    "skill-upgrade": (
        lambda t: t.insured_12 & t.schooled & t.working_age,
        lambda t: t.either(t.insured_120, 2000_00, 1500_00),
    ),
    "staying-on": (
        lambda t: t.certified_36 & t.employed & t.since_6,
        lambda t: t.least(t.employed_months, 36) * 100_00,
    ),
    "entering": (
        lambda t: t.nearly_poor & t.employed & ~t.since_12,
        lambda t: t.least(t.share(t.income, 1, 2), 1000_00),
    ),
    "school-leaver": (
        lambda t: ~t.continuing_school & t.leaver_age & t.schooled & ~t.employed,
        lambda t: t.fen(2400_00),
    ),
    "near-pension": (
        lambda t: t.elder & t.working_age & t.insured_120 & (t.flexible | t.jobless),
        lambda t: t.share(t.most(t.income, t.insurance), 1, 5),
    ),
}
