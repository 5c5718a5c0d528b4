# Stops all of Gluster on this host: glusterd, bricks, self-heal daemons, mounts, event daemon.
# The seed procedure's `killall glusterfs glusterfsd glusterd`, with glusterd first, so that it starts nothing anew,
# and with an end. Nothing is ever killed by SIGKILL: a brick that hangs is for the operator to look at.

# Whether events are to be sent again later cannot be seen once it is stopped.
events=$(pids_of glustereventsd)
if [ -n "$events" ]; then
    : >/run/gluster-upgrade.glustereventsd
    if [ -d /run/systemd/system ] && systemctl is-active --quiet glustereventsd.service; then
        systemctl stop glustereventsd.service || echo "systemctl stop glustereventsd failed"
    fi
    terminate glustereventsd
fi
if unit=$(glusterd_unit) && ! stop_unit "$unit" "$1"; then
    echo "$unit was not stopped"
    exit 1
fi
terminate glusterd
wait_gone "$1" glusterd glustereventsd || exit 1
# Mounts before bricks, so that they end without waiting for bricks that have gone.
terminate glusterfs
terminate glusterfsd
wait_gone "$1" glusterfs glusterfsd || exit 1
echo stopped
