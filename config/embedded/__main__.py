"""`python -m config.embedded DIRECTORY`: the keeper of the servers whose data is there."""

import os
import sys
from pathlib import Path

from config.embedded.keeper import keep

os.chdir("/")  # The checkout may be moved or removed meanwhile.
keep(Path(sys.argv[1]))
