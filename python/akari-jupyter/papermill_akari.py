"""papermill's parameters for notebooks of the Akari kernel.

Akari takes assignments as Python has them, in the cell that papermill injects, and gives each the type that the
notebook's own value has. So papermill's translator of Python is the one for Akari; it only has to be told.
"""

from papermill.engines import NBClientEngine
from papermill.translators import PythonTranslator, papermill_translators

papermill_translators.register("akari", PythonTranslator)


class AkariEngine(NBClientEngine):
    """papermill's own engine, under another name: papermill loads this module for it."""
