"""Commands of live streams, one module each; `surveillance.cli` gathers them."""
