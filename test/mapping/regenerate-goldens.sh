#!/bin/sh
# Renders test/mapping/cases with Apache Velocity 1.7 and writes test/mapping/goldens.
# Needs a JDK and Velocity with its two libraries: on Debian, openjdk-17-jdk-headless and velocity.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
jars=${VELOCITY_JARS:-/usr/share/java}
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
path=$jars/velocity.jar:$jars/commons-collections3.jar:$jars/commons-lang.jar
javac -cp "$path" -d "$classes" "$here"/oracle/*.java
npx tsx "$here/oracle/write-goldens.ts" java -cp "$classes:$path"
