#!/bin/sh
# Installs a build into a fresh folder.
#
# Usage: install.sh <cmake> <build folder> <prefix>
set -eu
rm -rf "$3"
"$1" --install "$2" --prefix "$3"
