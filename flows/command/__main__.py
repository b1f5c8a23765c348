"""`python -m flows.command` is `mmkp`."""

from flows.command.main import main

main()
