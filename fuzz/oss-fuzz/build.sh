#!/bin/bash -eu
cargo fuzz build -O
for target in $(cargo fuzz list); do
  cp "fuzz/target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
  case $target in
    decode | structured) seeds='tests/fixtures/raster tests/fixtures/modern tests/fixtures/small tests/fixtures/hostile' ;;
    *) seeds="fuzz/seeds/$target" ;;
  esac
  # shellcheck disable=SC2086
  find $seeds -type f -size -65k ! -name '*.md' ! -name '*expected*' -exec zip -q -j "$OUT/${target}_seed_corpus.zip" {} +
done
