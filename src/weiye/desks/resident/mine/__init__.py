"""我的: what is kept about a resident, and who has looked at it. Signed in as oneself alone."""
