"""What runs beside the program on a developer's machine and in the tests."""
