"""Synthetic people, firms and classes in real communities: for showing, trying and measuring."""
