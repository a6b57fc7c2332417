"""The community desk (社区): whom to serve today and why, the ledger, one person, imports."""
