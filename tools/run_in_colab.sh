#!/usr/bin/env bash
# Run every edition from its first cell to its last, in Colab's own image: the install cell acts as it
# does for a reader. Called by .github/workflows/weekly.yml; the argument is the folder of notebooks.
set -euo pipefail
notebooks=${1:?"name the folder of the notebooks"}

# A notebook opened in Colab finds this module imported; started by hand, the kernel has to be told.
startup=$(python3 -m IPython locate profile default)/startup
mkdir -p "$startup"
echo "import google.colab" >"$startup/00-colab.py"

ran=$(mktemp -d)
failed=()
for path in "$notebooks"/[0-9]*.ipynb "$notebooks"/student/[0-9]*.ipynb; do
    echo "Running ${path#"$notebooks"/}"
    cd "$(mktemp -d)"
    python3 -m jupyter nbconvert --to notebook --execute --ExecutePreprocessor.timeout=1800 \
        --output-dir "$ran" "$path" || failed+=("${path#"$notebooks"/}")
done
if [ ${#failed[@]} -gt 0 ]; then
    printf 'Did not run in Colab'\''s image: %s\n' "${failed[@]}" >&2
    exit 1
fi
