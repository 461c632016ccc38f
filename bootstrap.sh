#!/usr/bin/env bash
# From a fresh clone to something that runs: builds, shows or tests this tree. Debian 12 and Ubuntu 24.04; needs root only to
# install packages that are missing. Prints every command it runs and stops at the first that fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly BUILD_PACKAGES=(g++ cmake ninja-build pkg-config libfftw3-dev libeigen3-dev libsndfile1-dev
  libcli11-dev nlohmann-json3-dev libspdlog-dev libxxhash-dev libgtest-dev)
readonly TEST_PACKAGES=(clang)

usage() {
  cat <<'END'
usage: ./bootstrap.sh COMMAND

  demo    builds the release preset; runs the demo on a real electrocardiogram, and on ten minutes of sound in all modes
  test    builds and tests: warnings as errors by g++ and clang++, AddressSanitizer, ThreadSanitizer, the whole suite
  build   builds the release preset
  help    this text

Builds go to build/PRESET; CMakePresets.json names the presets. JOBS=N sets the number of parallel jobs.
END
}

doing="start"
step() { doing=$1; printf '\n== %s\n' "$doing"; }
run() { printf '+ %s\n' "$*"; "$@"; }
die() { printf 'bootstrap.sh: %s\n' "$1" >&2; trap - EXIT; exit 1; }
trap 'status=$?; [ $status -eq 0 ] || printf "bootstrap.sh: stopped with exit code %d at: %s\n" "$status" "$doing" >&2' EXIT

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

ensure_packages() {
  step "look for the packages this needs"
  if ! command -v dpkg-query >/dev/null; then
    printf 'This is no Debian system; going on in the hope that these are installed: %s\n' "$*"
    return
  fi
  local missing root=()
  mapfile -t missing < <(missing_packages "$@")
  if [ ${#missing[@]} -eq 0 ]; then
    printf 'All are installed.\n'
    return
  fi
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "packages are missing and there is no sudo; as root run: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  run "${root[@]}" apt-get update
  run "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# Where clang comes without its sanitizers, Debian and Ubuntu have them in a package of their own.
ensure_clang_sanitizers() {
  local scratch
  scratch=$(mktemp)
  if ! clang++ -fsanitize=address,undefined -x c++ - -o "$scratch" <<<'int main() {}' 2>/dev/null; then
    ensure_packages libclang-rt-dev
  fi
  rm -f "$scratch"
}

# A compiler takes up to 1.5 GB here: fewer jobs than processors where memory is short.
jobs() {
  local processors by_memory
  processors=$(nproc)
  by_memory=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo)
  if [ "$by_memory" -lt 1 ]; then by_memory=1; fi
  printf '%d' $((processors < by_memory ? processors : by_memory))
}

build_preset() {
  local preset=$1
  shift
  run "${in_fixed_addresses[@]}" cmake --preset "$preset"
  run "${in_fixed_addresses[@]}" cmake --build --preset "$preset" -j "$JOBS" "$@"
}

test_preset() {
  local status=0
  run "${in_fixed_addresses[@]}" ctest --preset "$1" -j "$JOBS" || status=$?
  [ $status -eq 0 ] || show_failed_tests "build/$1/Testing/Temporary"
  return $status
}

# What failed tests printed, once more and last: where only the end of a log is kept, it tells what is wrong.
show_failed_tests() {
  step "what the failed tests printed"
  awk '/^[0-9]+\/[0-9]+ Testing: / { text = ""; } { text = text $0 "\n" } /^Test Failed\./ { printf "%s", text }' "$1/LastTest.log" |
    tail -n 150
  printf '\nThese failed:\n'
  cat "$1/LastTestsFailed.log"
}

# ThreadSanitizer of older compilers can't live with the most random memory layouts of newer kernels.
in_fixed_addresses=()
fix_addresses() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then in_fixed_addresses=(setarch "$(uname -m)" -R); fi
}

command_build() {
  ensure_packages "${BUILD_PACKAGES[@]}"
  step "build the release preset"
  build_preset release
  printf '\nThe libraries and the command are in build/release/src; cmake --install build/release installs them.\n'
}

command_demo() {
  ensure_packages "${BUILD_PACKAGES[@]}"
  step "build the release preset"
  build_preset release --target sqrtspace_cli
  step "demo: five minutes of a real electrocardiogram"
  run build/release/src/sqrtspace demo ecg
  step "demo: ten minutes of sound in all modes"
  run build/release/src/sqrtspace demo audio --minutes 10 --compare
}

# The whole suite runs last, so that its summary is the last that is printed.
command_test() {
  ensure_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
  step "build by g++, warnings are errors"
  build_preset ci
  step "build everything by clang++ with AddressSanitizer and UndefinedBehaviorSanitizer, warnings are errors; test it"
  ensure_clang_sanitizers
  build_preset asan
  test_preset asan
  step "build and test with ThreadSanitizer"
  fix_addresses
  build_preset tsan
  test_preset tsan
  in_fixed_addresses=()
  step "the whole suite, as built by g++"
  test_preset ci
}

JOBS=${JOBS:-$(jobs)}
case "${1:-help}" in
  demo | test | build) [ $# -eq 1 ] || die "'$1' takes no arguments; ./bootstrap.sh help lists the commands"; "command_$1" ;;
  help | -h | --help) usage ;;
  *) die "there is no command '$1'; ./bootstrap.sh help lists them" ;;
esac
