#!/bin/sh
# Runs looking_back_test in full size: 3.6 million frames of 32 channels forth and back, 10 million steps of a smoother, 3.6
# million rows of 360 states; in 64 and 16 MiB, in the least budgets, and with all the memory wanted (3 GB), and prints what each
# took. usage: tests/memory/looking_back.sh DIRECTORY_OF_THE_TEST [gtest options]
set -eu
if [ $# -lt 1 ]; then
  echo "usage: $0 DIRECTORY_OF_THE_TEST [gtest options]" >&2
  exit 2
fi
directory=$1
shift
SQS_MEMORY_SCALE=1 exec "$directory/memory_looking_back_test" "$@"
