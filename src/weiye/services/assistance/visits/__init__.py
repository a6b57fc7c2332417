"""Return visits (回访、走访): when each person is due, what was done, what changed since."""
