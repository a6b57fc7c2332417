"""A person moves between units: a request that both sides see, each as far as it may know."""
