"""The HTTP interface: reads the store and never detects; binds to this machine only."""
