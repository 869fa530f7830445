"""Detection mathematics on arrays and records; it reads and writes nothing and has no clock."""
