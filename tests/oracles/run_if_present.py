"""Runs a command if all of some files are there, else says which is not.

    run_if_present.py FILE… -- COMMAND…

$NAME in an argument stands for the environment variable. Ends with what the
command ends with, or 77 (skipped) where a file or variable is absent.
"""

import os
import subprocess
import sys


def expanded(argument):
    value = os.path.expandvars(argument)
    if "$" in value:
        print(f"skipped: {argument} names a variable that is not set")
        sys.exit(77)
    return value


split = sys.argv.index("--")
for path in map(expanded, sys.argv[1:split]):
    if not os.path.exists(path):
        print(f"skipped: {path} is not there")
        sys.exit(77)
sys.exit(subprocess.run([expanded(a) for a in sys.argv[split + 1:]]).returncode)
