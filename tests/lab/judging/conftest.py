"""The network and the trials whose answer lies at a known place."""

from tests.lib.explain.conftest import batch, trained  # noqa: F401
