#!/bin/sh
# check_exports.sh LIBRARY GOLDEN HEADER: the library exports what the golden file lists and nothing else, and the header declares
# the same functions.
set -eu
library=$1
golden=$2
header=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Type A is the version node itself, which has no address.
nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort > "$work/exported"
# A declaration may span lines; comments are dropped first.
tr '\n' ' ' < "$header" | sed 's:/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/::g' | grep -o 'SQS_API[^;(]*(' |
  grep -o 'sqs_[a-z0-9_]*(' | tr -d '(' | LC_ALL=C sort > "$work/declared"

if ! diff -u "$golden" "$work/exported"; then
  echo "the exports of $library differ from $golden" >&2
  exit 1
fi
if ! diff -u "$golden" "$work/declared"; then
  echo "the functions of $header differ from $golden" >&2
  exit 1
fi
