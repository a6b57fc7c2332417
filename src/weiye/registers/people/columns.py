"""The columns that say something of a person, named once for entry by hand, roster and simulation.

Names are the fact names of the engine's file contract where it has them.
"""

#: Facts of a person beside the encrypted ones (ID number, phone, address) and the point.
FACTS = (
    "name",
    "household_role",
    "birth_date",
    "sex",
    "retirement_base",
    "hukou_unit",
    "resident_since",
    "education",
    "graduated_on",
    "continuing_school",
    "skill_certificates",
    "labour_capacity",
    "work_wish",
    "disability_grade",
    "minimum_living",
    "poverty_alleviation",
    "single_parent_of_minor",
    "land_lost",
    "veteran",
    "children",
    "contract_months",
    "monthly_income",
    "pension_drawn",
    "insured_months_local",
    "certified_difficult_since",
)
#: Facts of a person that no roster brings: said at the door or at the desk.
BIOGRAPHY = ("education_history", "work_history", "health_limits")
#: Facts that periods hold.
SINCE = ("unemployed_since", "employed_since", "registered_unemployed_since")
#: What somebody says about the work that is wanted.
WISH = (
    "occupation_codes",
    "skills",
    "min_wage",
    "hours",
    "needs_accessible",
    "max_walk_minutes",
    "training_wishes",
    "place",
    "remote",
)
