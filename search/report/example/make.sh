#!/usr/bin/env bash
# Makes the pictures of the README from a real run: bash search/report/example/make.sh [STORE]
# Needs Chromium. Without a STORE that holds mlp-grid-1 it is run first, some ten minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/espalier" ./cmd/espalier
store=${1:-$work/espalier.db}
[ $# -gt 0 ] || "$work/espalier" run mlp-grid-1 --store "$store"
"$work/espalier" report mlp-grid-1 --store "$store" -o "$work/report.html" --figures "$work/figures" --dpi 150
for figure in effects confusion-test curves mistakes; do
  cp "$work/figures/$figure.png" "$here/"
done
# shot NAME WIDTH HEIGHT [FLAG...]
shot() {
  chromium --headless --no-sandbox --disable-gpu --disable-background-networking --hide-scrollbars --user-data-dir="$work/profile" \
    --screenshot="$here/$1" --window-size="$2,$3" "${@:4}" "file://$work/report.html" 2>/dev/null
}
shot page.png 1200 1400
