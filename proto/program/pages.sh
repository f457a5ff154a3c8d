#!/bin/sh
# Makes the pages of the manual, by scdoc, and the completions of shells that a program writes from its tables.
# pages.sh PROGRAM SECTION DIRECTORY: DIRECTORY gets man/manSECTION, bash, zsh and fish.
set -eu
program=$1 section=$2 directory=$3
name=${program##*/}
mkdir -p "$directory/man/man$section" "$directory/bash" "$directory/zsh" "$directory/fish"

page() { # NAME COMMAND…: what COMMAND prints becomes the page NAME
	page=$directory/man/man$section/$1.$section
	shift
	"$@" >"$page.scd"
	scdoc <"$page.scd" >"$page"
	rm "$page.scd"
}

if [ "$name" = uncia-notifier ] || [ "$name" = uncia-indexer ]; then # programs without commands
	page "$name" "$program" --manual
	exit
fi
page "$name" "$program" completion man
"$program" completion names | while read -r command; do
	# shellcheck disable=SC2086 # the words of a command are words here
	page "$name-$(echo "$command" | tr ' ' -)" "$program" completion man $command
done
"$program" completion bash >"$directory/bash/$name"
"$program" completion zsh >"$directory/zsh/_$name"
"$program" completion fish >"$directory/fish/$name.fish"
