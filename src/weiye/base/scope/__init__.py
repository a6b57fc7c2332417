"""Who may see what: the two fences.

First fence: every query starts from ``visible_to(actor)``. Second fence: PostgreSQL row-level
security on every scoped table, with the actor's range set for the transaction (`fence`).
"""
