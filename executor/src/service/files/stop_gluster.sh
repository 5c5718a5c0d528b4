# Stops all of Gluster on this host: bricks, self-heal daemons, mounts, event daemon, glusterd.
# The seed procedure's `killall glusterfs glusterfsd glusterd`, in that order and with an end. Nothing is ever killed by
# SIGKILL: a brick that hangs is for the operator to look at.
#
# The order matters. Up to 9.4 a brick whose glusterd is gone signs itself out at the glusterd of *another* server, which
# then forgets the port of its own brick of the same path: clients that connect anew find no way to it, while the status
# shows it online (glusterfs issue 2480; seen from 9.2 to 10.3 with glusterd stopped first).

# Whether events are to be sent again later cannot be seen once it is stopped.
events=$(pids_of glustereventsd)
if [ -n "$events" ]; then
    : >"$root/run/gluster-upgrade.glustereventsd"
    if [ -d "$root/run/systemd/system" ] && systemctl is-active --quiet glustereventsd.service; then
        systemctl stop glustereventsd.service || echo "systemctl stop glustereventsd failed"
    fi
    terminate glustereventsd
fi
# Mounts before bricks, so that they end without waiting for bricks that have gone.
terminate glusterfs
wait_gone "$1" glusterfs || exit 1
terminate glusterfsd
wait_gone "$1" glusterfsd || exit 1
if unit=$(glusterd_unit) && ! stop_unit "$unit" "$1"; then
    echo "$unit was not stopped"
    exit 1
fi
terminate glusterd
wait_gone "$1" glusterd glustereventsd || exit 1
# What glusterd may have started anew meanwhile.
terminate glusterfs glusterfsd
wait_gone "$1" glusterfs glusterfsd || exit 1
echo stopped
