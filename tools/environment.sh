#!/bin/sh
# Makes or completes the virtual environment in DIR: this package, editable, with EXTRAS (comma-separated, may
# be empty). Does nothing when that was done before and neither setup.py nor the kernel in C has changed since.
# Usage: tools/environment.sh DIR [EXTRAS]
set -eu
cd "$(dirname "$0")/.."
dir=$1
extras=${2:-}
stamp="$dir/.installed-${extras:-core}"

if [ -f "$stamp" ] && [ "$stamp" -nt setup.py ] && [ "$stamp" -nt pyproject.toml ] &&
    [ -z "$(find export/kernel -name '*.[ch]' -newer "$stamp")" ]; then
    exit 0
fi

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

install_system() {
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13 python3.14; do
        # Run it: a version manager's stand-in may exist without the version behind it.
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ] && can_install; then
    install_system python3 python3-venv
    python=$(find_python)
fi
if [ -z "$python" ]; then
    echo "jpegpre_tf needs Python 3.11 to 3.14; none was found (set PYTHON=/path/to/python)" >&2
    exit 1
fi

if ! "$dir/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$dir"
    if ! "$python" -m venv "$dir" >/dev/null 2>&1; then
        # Debian ships Python without what venv needs.
        rm -rf "$dir"
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if ! can_install; then
            echo "$python cannot make virtual environments: install the system package python$version-venv" >&2
            exit 1
        fi
        install_system "python$version-venv" || install_system python3-venv
        "$python" -m venv "$dir"
    fi
fi

# The kernel in C is built by the installation where a compiler is; without one, models run in LiteRT.
if ! command -v cc >/dev/null && ! command -v gcc >/dev/null && can_install; then
    install_system gcc libc6-dev || true
fi

echo "installing jpegpre-tf${extras:+[$extras]} into $dir ..." >&2
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".${extras:+[$extras]}"
touch "$stamp"
