"""Makes `bench` importable from every bench, in pytest and in the simulator's own interpreter."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
