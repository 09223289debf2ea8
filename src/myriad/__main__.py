"""`python -m myriad` is the same program as `myriad`."""

from myriad.cli.main import main

main()
