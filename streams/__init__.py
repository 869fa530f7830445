"""Order events and how they travel: columns, files, and the simulated market."""
