#!/bin/sh
# check_headers.sh INCLUDE_DIR: the public headers, each alone and twice, compile in every language and standard they promise,
# with strict warnings as errors. Clang is left out only if it is not installed.
set -eu
include=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual -Werror"
failed=0
checked=0

# check COMPILER LANGUAGE STANDARD MORE_WARNINGS HEADER
check() {
  case $2 in c) source=$work/one.c ;; *) source=$work/one.cpp ;; esac
  printf '#include "sqrtspace/%s"\n#include "sqrtspace/%s"\nint main(void) { return 0; }\n' "$5" "$5" > "$source"
  # The warning flags are separate words on purpose.
  # shellcheck disable=SC2086
  if "$1" -std="$3" $warnings $4 -I"$include" -fsyntax-only "$source"; then
    checked=$((checked + 1))
  else
    echo "$5 does not compile as $3 by $1" >&2
    failed=1
  fi
}

for pair in "gcc g++" "clang clang++"; do
  cc=${pair% *}
  cxx=${pair#* }
  if ! command -v "$cc" > /dev/null || ! command -v "$cxx" > /dev/null; then
    if [ "$cc" = clang ]; then
      echo "skipped: clang is not installed" >&2
      continue
    fi
    echo "$cc and $cxx are needed" >&2
    exit 1
  fi
  for header in export.h sqrtspace.h dsp.h; do
    for standard in c99 c11 c17; do check "$cc" c $standard "-Wstrict-prototypes -Wmissing-prototypes" $header; done
    for standard in c++11 c++17 c++20; do check "$cxx" c++ $standard "-Wold-style-cast" $header; done
  done
  for header in stage.hpp sqrtspace.hpp dsp.hpp; do
    for standard in c++17 c++20; do check "$cxx" c++ $standard "-Wold-style-cast -Wnon-virtual-dtor" $header; done
  done
done
echo "$checked combinations"
exit $failed
