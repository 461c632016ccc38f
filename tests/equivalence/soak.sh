#!/bin/sh
# Tries random graphs until one fails: soak.sh SEED COUNT [DIRECTORY of the test programs].
# COUNT graphs from SEED on, in batches: some of any kind on one thread and on several, and as many that all look back; a
# failure prints its reproduction and ends the soak.
set -eu
if [ $# -lt 2 ]; then
  echo "usage: $0 SEED COUNT [DIRECTORY of the equivalence_* test programs]" >&2
  exit 2
fi
seed=$1
count=$2
directory=${3:-.}
batch=500
while [ "$count" -gt 0 ]; do
  if [ "$count" -lt "$batch" ]; then batch=$count; fi
  for program in equivalence_test equivalence_threads_test equivalence_back_test; do
    SQS_SEED=$seed SQS_GRAPHS=$batch SQS_BACK_GRAPHS=$batch SQS_THREAD_GRAPHS=$batch SQS_SPILL_GRAPHS=$batch \
      "$directory/$program" --gtest_brief=1 --gtest_filter='*RandomGraph*' || exit 1
  done
  seed=$((seed + batch))
  count=$((count - batch))
done
