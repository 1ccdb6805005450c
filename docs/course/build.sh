#!/bin/sh
# Builds the course as a website, of the notebooks and their stored outputs: target/course/_build/html/index.html.
# Only Python 3 with its venv module is needed, and the network once; Akari need not be built.
set -eu
cd "$(dirname "$0")/../.."
tools=target/course-venv
[ -x "$tools/bin/pip" ] || python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check -r docs/course/requirements.txt
exec "$tools/bin/jupyter-book" build notebooks -W \
    --config "$PWD/docs/course/_config.yml" --toc "$PWD/docs/course/_toc.yml" --path-output target/course "$@"
