# Stops the application $1 by the program and arguments $2 …, after noting it down.
# Prints what that printed, and at last `stopped`.
note=$aside/application-$1
mkdir -p "$aside" && printf 'aside-application %s\n' "$1" >"$note" || { echo "failed: $note cannot be written"; exit 1; }
shift
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
(unset LC_ALL && exec "$@") </dev/null >"$said" 2>&1
status=$?
tail -n 20 "$said"
[ "$status" -eq 0 ] || { echo "failed: $* ended with $status"; exit 1; }
echo stopped
