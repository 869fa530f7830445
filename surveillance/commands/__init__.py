"""Commands that need a broker, one module each; `surveillance.cli` gathers them."""
