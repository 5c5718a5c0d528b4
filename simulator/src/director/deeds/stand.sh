# Sends $1, STOP or CONT, to the processes of the program $2 that have $3 in their command line. Ends with 0 where there
# are any, none of them stood still before a STOP and all did before a CONT, and it is the other way round after it.
set -e
case $1 in
STOP) before=moves after=stands ;;
CONT) before=stands after=moves ;;
esac
# A process that has ended in between is told by what cannot be read of it.
state() {
    case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status") in
    T) echo stands ;;
    '') echo is gone ;;
    *) echo moves ;;
    esac
}
found=
for pid in $(pgrep -x "$2"); do
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "$3" || continue
    if [ "$(state "$pid")" != $before ]; then
        echo "process $pid $(state "$pid") as it is" >&2
        exit 1
    fi
    kill "-$1" "$pid"
    tries=0
    # A signal is taken when the process is next scheduled.
    while [ "$(state "$pid")" != $after ]; do
        tries=$((tries + 1))
        if [ $tries -gt 600 ]; then
            echo "process $pid still $before" >&2
            exit 1
        fi
        sleep 0.1
    done
    found="$found $pid"
done
if [ -z "$found" ]; then
    echo "no $2 with $3 runs" >&2
    exit 1
fi
echo "now $after:$found"
