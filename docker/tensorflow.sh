#!/usr/bin/env bash
# Gives @tensorflow/tfjs-node its library from Python's wheel and builds the addon: tensorflow.sh PACKAGE VERSION
# The same steps as stack/obtain/tensorflow.ts takes on one machine; here the wheel's files stay where they are used.
set -euo pipefail

package=$1
version=$2
addon=node_modules/@tensorflow/tfjs-node
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m pip download --no-deps --only-binary=:all: --dest "$work" "$package==$version"
unzip -q "$work"/*.whl 'tensorflow/include/*' 'tensorflow/libtensorflow_*' -d "$work"
mkdir -p "$addon/deps/include" "$addon/deps/lib"
cp -r "$work"/tensorflow/include/. "$addon/deps/include/"
cp "$work"/tensorflow/libtensorflow_cc.so.2 "$work"/tensorflow/libtensorflow_framework.so.2 "$addon/deps/lib/"
ln -sf libtensorflow_cc.so.2 "$addon/deps/lib/libtensorflow.so.2"
ln -sf libtensorflow_cc.so.2 "$addon/deps/lib/libtensorflow.so"
ln -sf libtensorflow_framework.so.2 "$addon/deps/lib/libtensorflow_framework.so"
(cd "$addon" && npx --no-install node-pre-gyp install --build-from-source)
rm -rf "$addon/deps/include"
