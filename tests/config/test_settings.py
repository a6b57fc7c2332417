"""A database URL becomes Django's settings."""

from weiye.config.settings import database


def test_everything_in_the_address_is_kept() -> None:
    found = database("postgresql://us%40er:p%2Fw@db.example:5433/we%20iye?sslmode=require")
    assert (found["USER"], found["PASSWORD"]) == ("us@er", "p/w")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", "5433", "we iye")
    assert found["OPTIONS"]["sslmode"] == "require"
    assert found["OPTIONS"]["prepare_threshold"] is None
