"""Makes `bench`, which is a folder of the checkout and not of the package, importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
