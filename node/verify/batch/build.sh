#!/bin/sh
# Builds libuncia_batch.a. build.sh CARGO TARGET-DIRECTORY
set -u
cargo=$1 target=$2
cd "$(dirname "$0")" || exit
"$cargo" build --release --locked --quiet --target-dir "$target" && exit
"$cargo" --version >&2
cat >&2 <<'END'
The batch of signature checks was not built. It needs cargo 1.85 or later (Debian's packages cargo-web and rustc-web), and its
crates: from the registry, or as an earlier build has kept them. Without: ./run build --plain (-DUNCIA_BATCH=OFF).
END
exit 1
