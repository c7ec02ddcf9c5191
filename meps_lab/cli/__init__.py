"""The command `meps`. Imports every room, each when it is needed, so that help comes at once."""
