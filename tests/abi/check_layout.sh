#!/bin/sh
# check_layout.sh PROGRAM GOLDEN HEADER...: the layout program prints what the golden file says, and the golden file names every
# constant and every struct of the headers.
set -eu
program=$1
golden=$2
shift 2

printed=$(mktemp)
trap 'rm -f "$printed"' EXIT
"$program" > "$printed"
if ! diff -u "$golden" "$printed"; then
  echo "The layout differs from $golden. If nothing was released with the old one, or it only grew at the end:" >&2
  echo "  $program > $golden" >&2
  exit 1
fi

missing=0
for header in "$@"; do
  names=$(sed -n 's/.*\b\(SQS_[A-Z0-9_]*\)\( = -\{0,1\}[0-9]\+\).*/&/p' "$header" | grep -o 'SQS_[A-Z0-9_]* = ' | sed 's/ = //')
  defines=$(sed -n 's/^#define \(SQS_[A-Z0-9_]*\) .*/\1/p' "$header")
  structs=$(sed -n 's/^typedef struct \(sqs_[a-z_]*\) {.*/\1/p' "$header")
  for name in $names $defines $structs; do
    if ! grep -q "^$name " "$golden"; then
      echo "$name of $header is not in $golden: add it to layout.c" >&2
      missing=1
    fi
  done
done
exit $missing
