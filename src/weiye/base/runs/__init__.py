"""Long work: started by somebody, run in the background, with progress, cancel and a result."""
