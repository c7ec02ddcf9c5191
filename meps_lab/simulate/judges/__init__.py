"""Libraries that know nothing of the simulator judge it.

NeuroKit2 and SciPy judge the body, OpenCV and scikit-image the face, published counts the times
at which things happen; each answer is one row of `judges_table`.
"""

from meps_lab.simulate.judges.table import judges_table

__all__ = ["judges_table"]
