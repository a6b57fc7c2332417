"""What somebody has typed and not yet sent: kept for the one who typed it, encrypted."""
