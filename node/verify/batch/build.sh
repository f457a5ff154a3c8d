#!/bin/sh
# Builds libuncia_batch.a. build.sh CARGO TARGET-DIRECTORY [BACKEND]
#
# BACKEND is dalek's: avx512, simd (AVX2) or serial. avx512 has all three in it, and takes the best that the processor has
# when it runs.
set -u
cargo=$1 target=$2 backend=${3:-avx512}
cd "$(dirname "$0")" || exit
# Neither where this tree is nor where cargo keeps the sources of crates is told in the library: it has the same bytes wherever
# it is built.
RUSTFLAGS="${RUSTFLAGS:-} --cfg curve25519_dalek_backend=\"$backend\" --remap-path-prefix=$PWD=/batch \
--remap-path-prefix=${CARGO_HOME:-${HOME:-}/.cargo}=/cargo --remap-path-prefix=$target=/target"
export RUSTFLAGS
"$cargo" build --release --locked --quiet --target-dir "$target" && exit
"$cargo" --version >&2
cat >&2 <<'END'
The batch of signature checks was not built. It needs cargo 1.89 or later (Debian's packages cargo-web and rustc-web), and its
crates: from the registry, or as an earlier build has kept them. Without: ./run build --plain (-DUNCIA_BATCH=OFF).
END
exit 1
