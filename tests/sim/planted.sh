#!/usr/bin/env bash
# Shows that the simulator finds mistakes: every patch in planted/ is applied to a copy of the product's sources, and
# the simulator built with it runs until it fails, for at most 60 s on one core. A line "dies: …" in a patch is the
# reason for which the first validator with the mistake must halt: nothing that comes later of it counts. A line
# "unit: …" names a unit test that is built with the mistake in place of the simulator, since that does not run what the
# mistake is in; the line "dies: …" is then its case that must fail.
# planted.sh BUILD-DIRECTORY [NAME…]
set -euo pipefail
build=$1
shift
limit_s=60
cd "$(dirname "$0")/../.."
cmake -S . -B "$build" -DUNCIA_PLANTED=ON >/dev/null
ninja -C "$build" --quiet "${@:-planted}"
said_file=$(mktemp)
trap 'rm -f "$said_file"' EXIT
run() {
	# A line "options: …" in the patch narrows the seeds down to the kind of fault that it takes; "run: …" names what
	# the simulator runs instead of seeds.
	local patch options run
	patch="tests/sim/planted/$(basename "$1").patch"
	options=$(sed -n 's/^options: //p' "$patch")
	run=$(sed -n 's/^run: //p' "$patch")
	if grep -q '^unit: ' "$patch"; then
		(ulimit -t $limit_s && CK_FORK=yes exec taskset -c 0 "$1" >&2)
		return
	fi
	# shellcheck disable=SC2086
	(ulimit -t $limit_s && exec taskset -c 0 "$1" ${run:---seeds 1000000} $options >/dev/null)
}
missed=0
for patch in tests/sim/planted/*.patch; do
	name=$(basename "$patch" .patch)
	program="$build/tests/planted/$name"
	[ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
	status=0
	# By the time of the core, however busy the machine is.
	took=$(
		TIMEFORMAT=%U
		{ time run "$program" 2>"$said_file"; } 2>&1
	) || status=$?
	said=$(cat "$said_file")
	seed=$(sed -n -e 's/^FAILED.*--seed \([0-9]*\).*/\1/p' -e 's/^FAILED.*sim --\(rows\)$/\1/p' <<<"$said")
	dies=$(sed -n 's/^dies: //p' "tests/sim/planted/$name.patch")
	first=$(sed '/^node /d' <<<"$said" | head -1)
	if grep -q '^unit: ' "tests/sim/planted/$name.patch"; then
		if grep -q "^[^:]*:[0-9]*:[FE]:[^:]*:$dies:" <<<"$said"; then
			printf '%-36s caught in %5s s, %s\n' "$name" "$took" "$dies"
		else
			printf '%-36s NOT CAUGHT by %s: %s\n' "$name" "$dies" "$(head -3 <<<"$said")"
			missed=$((missed + 1))
		fi
	elif [ $status = 1 ] && [ -n "$seed" ] && [[ -z "$dies" || "$first" == *" halts, "*": $dies"* ]]; then
		printf '%-36s caught in %5s s, seed %4s: %s\n' "$name" "$took" "$seed" "$first"
	elif [ $status = 1 ] && [ -n "$seed" ]; then
		printf '%-36s fails in %s s, and not of "%s": %s\n' "$name" "$took" "$dies" "$first"
		missed=$((missed + 1))
	else
		printf '%-36s NOT CAUGHT in %s s (status %s)\n' "$name" "$took" "$status"
		missed=$((missed + 1))
	fi
done
[ $missed = 0 ] || { echo "$missed not caught"; exit 1; }
