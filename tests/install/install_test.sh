#!/usr/bin/env bash
# Installs the build into an empty prefix and has a stranger's program use the
# library there, found by pkg-config and by find_package.
#   install_test.sh BUILD SOURCE_FOLDER CXX
set -euo pipefail
build=$1 source=$2 cxx=$3
[ -n "${FULLSTOP_MODEL-}" ] || { echo "skipped: FULLSTOP_MODEL is not set"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >/dev/null
"$work/prefix/bin/fullstop" --version

pkgconfig=$(dirname "$(find "$work/prefix" -name fullstop.pc)")
read -ra flags < <(PKG_CONFIG_PATH="$pkgconfig" pkg-config --cflags --libs fullstop)
"$cxx" "$source/use_library.cc" "${flags[@]}" -o "$work/by_pkgconfig"
"$work/by_pkgconfig" "$FULLSTOP_MODEL" | tee "$work/answer"
grep -q '^(turn_end 2 <|im_end|> (gguf tokenizer.ggml.eos_token_id' "$work/answer"

mkdir "$work/project"
cp "$source/use_library.cc" "$work/project"
cat >"$work/project/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(stranger LANGUAGES CXX)
find_package(fullstop REQUIRED)
add_executable(stranger use_library.cc)
target_link_libraries(stranger PRIVATE fullstop::fullstop)
CMAKE
cmake -G Ninja -S "$work/project" -B "$work/project/build" -DCMAKE_CXX_COMPILER="$cxx" \
  -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/project/build" >/dev/null
"$work/project/build/stranger" "$FULLSTOP_MODEL" | cmp - "$work/answer"
