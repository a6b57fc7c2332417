"""Backup and restore: the whole database in one encrypted file, compared by checksum."""
