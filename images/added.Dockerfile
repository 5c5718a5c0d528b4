# Packages of one's own, added to the finished image of a family: `added/VERSION/`, a folder a release.
# The classic builder reads this file, as it does the other: few lines, no BuildKit syntax.
ARG BASE
FROM ${BASE}
# The releases, by blank.
ARG ADDED
COPY added/ /tmp/added/
RUN if ! [ -x /opt/gluster/add ]; then \
        echo "this family has no way to add packages (/opt/gluster/add); of the project's own, debian-bookworm has" >&2; exit 1; \
    fi; \
    set -eu; for version in ${ADDED}; do echo "==> adding the packages of $version"; /opt/gluster/add "$version" "/tmp/added/$version"; done; \
    /opt/gluster/index; echo "==> proving that every release can be reached with no network"; /opt/gluster/prove; rm -rf /tmp/added
