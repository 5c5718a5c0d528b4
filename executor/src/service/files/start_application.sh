# Starts the application $1 by the program and arguments $2 …, and strikes the note of it out.
# Prints what that printed, and at last `started`.
note=$aside/application-$1
shift
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
# What it starts keeps the streams it is given: never ours, which sshd would wait for.
(unset LC_ALL && outlive "$@") </dev/null >"$said" 2>&1
status=$?
tail -n 20 "$said"
[ "$status" -eq 0 ] || { echo "failed: $* ended with $status"; exit 1; }
rm -f "$note"
echo started
