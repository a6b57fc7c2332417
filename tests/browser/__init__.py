"""The product in a real browser: own database, web server and background worker."""
