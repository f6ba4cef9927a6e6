#!/bin/sh
# Fetches Debian's source package of BearSSL into DIR, once.
#
#     fetch.sh DIR
#
# Afterwards DIR has inc/ and src/. The machine's own package lists stay as they are: a copy of its sources, with source
# packages in place of binary ones, is used from a temporary folder. Needs apt-get, xz and tar; no root.
set -eu

file=bearssl_0.6+dfsg.1.orig.tar.xz
sha256=102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004

dir=$1
parent=$(dirname "$dir")
mkdir -p "$parent"
exec 9>"$dir.lock"
flock 9
[ ! -e "$dir/inc/bearssl.h" ] || exit 0

work=$(mktemp -d "$parent/bearssl.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial" "$work/tree"
for list in /etc/apt/sources.list.d/*.sources; do
  [ -e "$list" ] && sed 's/^Types:.*/Types: deb-src/' "$list" > "$work/parts/$(basename "$list")"
done
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ -e "$list" ] && sed -n 's/^deb /deb-src /p' "$list" > "$work/parts/$(basename "$list" .list)-source.list"
done
get() {
  apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/parts" \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
}
get update > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
(cd "$work" && get source --download-only bearssl) > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
echo "$sha256  $work/$file" | sha256sum --check --quiet
tar -xf "$work/$file" -C "$work/tree" --strip-components=1
rm -rf "$dir"
mv "$work/tree" "$dir"
