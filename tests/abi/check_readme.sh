#!/bin/sh
# check_readme.sh README INCLUDE_DIR LIBRARY_DIR COMPILER [FLAGS...]: the first C program of the README has at most 40 lines,
# compiles strictly as C99 against the library, runs, and prints something.
set -eu
readme=$1
include=$2
libraries=$3
compiler=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ ! -f "$readme" ]; then
  echo "there is no $readme" >&2
  exit 1
fi
awk '/^```/ { if (inside) exit; if ($0 == "```c") { inside = 1; next } } inside' "$readme" > "$work/program.c"
lines=$(wc -l < "$work/program.c")
if [ "$lines" -eq 0 ]; then
  echo "$readme has no block that starts with \`\`\`c: it must show a C program" >&2
  exit 1
fi
if [ "$lines" -gt 40 ]; then
  echo "the C program of $readme has $lines lines; 40 are allowed" >&2
  exit 1
fi
"$compiler" -std=c99 -Wall -Wextra -Werror "$@" -I"$include" "$work/program.c" -o "$work/program" \
  -L"$libraries" -Wl,-rpath,"$libraries" -lsqrtspace -lm
cd "$work"
./program > output
if [ ! -s output ]; then
  echo "the C program of $readme printed nothing" >&2
  exit 1
fi
cat output
