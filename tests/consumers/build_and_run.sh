#!/usr/bin/env bash
# Installs the build, moves the installed tree, and builds and runs programs/ against it: in C by
# pkg-config, in C and C++ by find_package. Fails at the first thing that does not hold.
# usage: build_and_run.sh BUILD_DIR SOURCE_DIR LIBDIR CC CXX COMMAND_LINE(ON|OFF)
set -euo pipefail

build=$1 source=$2 libdir=$3 cc=$4 cxx=$5 command_line=$6
programs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/programs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { printf -- '-- %s\n' "$1"; }
fail() { printf 'FAILED: %s\n' "$1" >&2; exit 1; }

step "install, and move what was installed"
cmake --install "$build" --prefix "$work/first" >"$work/install.log" || { cat "$work/install.log"; fail "cmake --install"; }
mkdir "$work/elsewhere"
mv "$work/first" "$work/elsewhere/prefix with blank"
prefix="$work/elsewhere/prefix with blank"
# pkg-config escapes blanks, and whoever splits its output would have to undo that: a plain name for its half.
ln -s "prefix with blank" "$work/elsewhere/prefix"
plain_prefix="$work/elsewhere/prefix"

step "no installed text knows where it was built or installed"
for place in "$work/first" "$build" "$source"; do
  if grep -rIlF -- "$place" "$prefix"; then fail "the files above hold the path $place"; fi
done
for library in "$prefix/$libdir"/libsqrtspace*.so; do
  if readelf -d "$library" | grep -E 'R(UN)?PATH' | grep -qF "$build"; then fail "$library looks for libraries in the build"; fi
done

export LD_LIBRARY_PATH="$prefix/$libdir"

step "C99 by pkg-config, which sees no other package"
export PKG_CONFIG_LIBDIR="$plain_prefix/$libdir/pkgconfig"
strict=(-std=c99 -Wall -Wextra -Wpedantic -Werror)
# shellcheck disable=SC2046  # the flags are words
"$cc" "${strict[@]}" "$programs/window_sum.c" -o "$work/window_sum" $(pkg-config --cflags --libs sqrtspace)
"$work/window_sum"
# shellcheck disable=SC2046
"$cc" "${strict[@]}" "$programs/tone.c" -o "$work/tone" $(pkg-config --cflags --libs sqrtspace-dsp) -lm
"$work/tone"
if pkg-config --exists 'sqrtspace >= 0.2'; then fail "pkg-config took 0.1 for 0.2"; fi
unset PKG_CONFIG_LIBDIR

step "the engine alone needs no GPL library"
if ldd "$work/window_sum" | grep -E 'fftw|sndfile|sqrtspace-dsp'; then fail "libsqrtspace pulls the libraries above in"; fi

step "C and C++ by find_package"
cmake -S "$programs" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
  -DCMAKE_BUILD_TYPE=Release >"$work/cmake.log" || { cat "$work/cmake.log"; fail "the consumers' cmake"; }
cmake --build "$work/cmake" >"$work/make.log" || { cat "$work/make.log"; fail "the consumers' build"; }
(cd "$work/cmake" && ctest --output-on-failure)

if [ "$command_line" = ON ]; then
  step "the installed command finds its libraries and its recording"
  unset LD_LIBRARY_PATH
  cd /
  "$prefix/bin/sqrtspace" demo ecg >"$work/ecg.out"
  [ -s "$work/ecg.out" ] || fail "demo ecg printed nothing"
fi
step "all consumers run"
