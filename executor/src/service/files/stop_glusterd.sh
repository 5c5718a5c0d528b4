# Stops glusterd and its daemons (self-heal, quota and the like); bricks and mounts go on.
if unit=$(glusterd_unit) && ! stop_unit "$unit" "$1"; then
    echo "$unit was not stopped"
    exit 1
fi
# Also one that was started by hand.
terminate glusterd
wait_gone "$1" glusterd || exit 1
# Its daemons, which it would otherwise replace when it starts: the new one finds the old one's socket still bound, ends,
# and is not started again (seen on 10.3, once in nine restarts; "Failed to attach shd svc" in glusterd.log).
left=$(($1 * 5))
while pids=$(daemons) && [ -n "$pids" ]; do
    if [ "$left" -le 0 ]; then
        echo "still running: glusterfs $pids"
        exit 1
    fi
    for pid in $pids; do
        kill -TERM "$pid" 2>/dev/null
    done
    left=$((left - 1))
    sleep 0.2
done
echo stopped
