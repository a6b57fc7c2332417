"""SQL checks of what the database must never hold, with severity and remedy."""
