#!/usr/bin/env bash
# Make .venv from the lock, with this project in it. Called by the Makefile, which also knows
# when it is needed; leaves the stamp .venv/.ready only when everything went well.
set -euo pipefail
cd "$(dirname "$0")/.."

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

fail() {
    { echo && printf '%s\n' "$@"; } >&2
    exit 1
}

find_python() {
    local name
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
        if "$name" -c "$new_enough" 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is needed. Tried: ${PYTHON:-python3.11 to python3.13, python3, python}." \
        "Install it from python.org or your system's packages, then type the same again," \
        "or name one that is not on the path: make ... PYTHON=/path/to/python3.12"
}

if ! .venv/bin/python -c "$new_enough" 2>/dev/null; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || fail \
        "Python could not make a virtual environment." \
        "On Debian and Ubuntu its module is a package of its own: apt install python3-venv"
fi
rm -f .venv/.ready
pip=(.venv/bin/python -m pip install --disable-pip-version-check -qq)
echo "Installing the packages of requirements.lock (about 2 GB the first time, some minutes)"
"${pip[@]}" -r requirements.lock || fail \
    "The packages could not be installed: pip's message stands above." \
    "Most often the network is missing, or the disk is full."
"${pip[@]}" --no-deps -e . || fail "The project itself could not be installed: see above."
touch .venv/.ready
