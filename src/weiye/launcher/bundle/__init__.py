"""One file that holds everything, for machines of a closed network, and how it is set up there."""
