"""`python -m audiomotion`: the command `amx`, as a job of a cluster runs it."""

import os

from audiomotion.cli.app import main
from audiomotion.cli.inside_job import prepare_driver
from audiomotion.orchestrate.submitting.address import INSIDE_JOB

if __name__ == "__main__":
    if INSIDE_JOB in os.environ:
        prepare_driver()
    main()
