"""The laboratory around `meps_lib`: people, data sets, experiments, the book, the command.

Needs the extra ``lab``: ``pip install "meps-lib[lab]"``. The library never imports it.
"""
