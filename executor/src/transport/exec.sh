# Runs the command "$@" for at most $2 seconds on this host, between two marks on standard error that begin with $1.
# Programs that lead into containers have troubles of their own, and say so with the same exit statuses as commands:
# without the first mark nothing was run, and without the last one nobody knows how it ended.
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
mark=$1
seconds=$2
shift 2
printf '%s begun\n' "$mark" >&2
timeout -k 10 "$seconds" "$@"
status=$?
printf '\n%s ended %s\n' "$mark" "$status" >&2
exit "$status"
