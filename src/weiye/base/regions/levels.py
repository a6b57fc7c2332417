"""The levels of the tree, from the top; no database needed to know them."""

LEVELS = ("province", "city", "county", "street", "community", "grid", "building")
