"""Libraries that know nothing of the simulator judge it.

Each judge gives one number: NeuroKit2 and SciPy of the body (`heart`, `skin`, `brain`), OpenCV and
scikit-image of the face (`face`), published counts of when things happen (`timing`).
`judges_table` asks them all.
"""

from meps_lab.simulate.judges.table import judges_table

__all__ = ["judges_table"]
