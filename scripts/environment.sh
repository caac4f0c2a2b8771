# Sourced by the other scripts: makes the environment `.venv` beside this folder, or keeps the one that is there.
# shellcheck shell=bash

# A script that needs another environment changes these before its first call.
venv=.venv
constraints=(-c constraints.txt)
python_fits='sys.version_info >= (3, 11)'
no_python="no Python 3.11 or later is installed; run: sudo apt-get install python3 python3-venv (Debian 12 or later)"

say() { printf '%s\n' "okng: $*" >&2; }

refuse() { # exit-code sentence
  say "$2"
  exit "$1"
}

# The first python on the path that fits and can make environments. $OKNG_PYTHON names another one.
find_python() {
  local candidate found=""
  for candidate in ${OKNG_PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
    command -v "$candidate" >/dev/null || continue
    "$candidate" -c "import sys; sys.exit(not ($python_fits))" 2>/dev/null || continue
    found=$candidate
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  if [ -n "$found" ]; then
    refuse 3 "$found cannot make environments; run: sudo apt-get install python3-venv"
  fi
  refuse 3 "$no_python"
}

# Whether the environment was made here and its Python still runs: one does not survive being moved.
environment_works() {
  [ -x "$venv/bin/python" ] && "$venv/bin/python" -c \
    "import pathlib, sys; sys.exit(not ($python_fits) or pathlib.Path(sys.prefix) != pathlib.Path('$venv').resolve())" \
    2>/dev/null
}

make_environment() {
  environment_works && return
  local python
  python=$(find_python) || exit
  say "making $venv with $("$python" --version)"
  "$python" -m venv --clear "$venv" || refuse 3 "cannot make $venv; check free space and permissions of $PWD"
}

# What an install depends on, as one word.
wanted_install() { sha256sum pyproject.toml constraints.txt | sha256sum | cut -d' ' -f1; }

# install_okng EXTRAS STAMP…: installs the checkout with these extras unless the first stamp says that it is there.
# Every stamp named is set: the tests' extras include the demo's.
install_okng() {
  local extras=$1 wanted stamp quiet=(--quiet)
  shift
  make_environment
  wanted=$(wanted_install)
  if [ -x "$venv/bin/okng" ] && [ "$(cat "$venv/okng-installed-for-$1" 2>/dev/null)" = "$wanted" ]; then
    return
  fi
  say "installing okng[$extras] into $venv; the first time this takes some minutes"
  [ -t 2 ] && quiet=() # who watches shall see that it goes on
  "$venv/bin/python" -m pip install "${quiet[@]}" --disable-pip-version-check "${constraints[@]}" -e ".[$extras]" ||
    refuse 3 "the packages could not be installed; check the network and free space, then run this again"
  for stamp in "$@"; do printf '%s\n' "$wanted" >"$venv/okng-installed-for-$stamp"; done
}

# install_system_packages FILE: what the tests need beside Python; asks apt only when something is missing.
install_system_packages() {
  local name missing=()
  while read -r name _; do
    case $name in '' | '#'*) continue ;; esac
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done <"$1"
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || refuse 3 "install these with your system's package manager: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || refuse 3 "as root, run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing system packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -q >&2 || say "apt-get update failed; trying with the lists that are there"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2 ||
    refuse 3 "apt-get could not install: ${missing[*]}"
}
