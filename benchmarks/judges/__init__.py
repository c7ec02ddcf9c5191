"""Libraries that know nothing of the simulator judge it.

NeuroKit2 and SciPy judge the body, OpenCV and scikit-image the face, published counts the times
at which things happen; each answer is one row of `table.judges_table`.
"""
