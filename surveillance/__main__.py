"""`python -m surveillance` is the `surveillance` command."""

from surveillance.cli import main

if __name__ == "__main__":
    main()
