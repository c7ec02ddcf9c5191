"""For tests and docstring examples alike: what one does to Matplotlib ends with it."""

import matplotlib
import matplotlib.pyplot as plt
import pytest

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def style_of_its_own():
    """Settings before are settings after, and no figure stays open."""
    with matplotlib.rc_context():
        yield
    plt.close("all")
