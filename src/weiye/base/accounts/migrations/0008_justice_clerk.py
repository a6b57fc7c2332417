from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_when_a_second_factor_was_begun"),
        ("regions", "0002_validity_and_history"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="membership",
            name="membership_role_known",
        ),
        AddConstraintNotValid(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "role__in",
                        [
                            "administrator",
                            "auditor",
                            "bank",
                            "city_manager",
                            "collector",
                            "county_agency",
                            "department",
                            "employer",
                            "grid_worker",
                            "hr_agency",
                            "incubator",
                            "justice_clerk",
                            "province_manager",
                            "resident",
                            "reviewing_expert",
                            "station_worker",
                            "street_clerk",
                            "training_body",
                        ],
                    )
                ),
                name="membership_role_known",
            ),
        ),
    ]
