#!/bin/sh
# No package script starts or restarts a daemon on a node: the upgrade under test does that, or nobody does.
exit 101
