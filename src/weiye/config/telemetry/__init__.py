"""What whoever runs the product sees of it: logs, figures, traces. None holds personal data."""
