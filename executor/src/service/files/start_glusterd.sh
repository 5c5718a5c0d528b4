# Starts glusterd and waits until it answers.
# Prints `running` where it ran already, `started` where it did not.

answers() {
    [ -n "$(pids_of glusterd)" ] && timeout 10 gluster --mode=script pool list </dev/null >/dev/null 2>&1
}

failed() {
    echo "$1"
    tail -n 20 /var/log/glusterfs/glusterd.log 2>/dev/null
    exit 1
}

word=running
if [ -z "$(pids_of glusterd)" ]; then
    word=started
    if unit=$(glusterd_unit); then
        # The unit allows six starts an hour (StartLimitBurst in glusterd.service); ours have a reason each.
        systemctl reset-failed "$unit" 2>/dev/null
        systemctl start "$unit" </dev/null || failed "systemctl start $unit failed"
    else
        # Its streams are closed: sshd would wait for a daemon that keeps them. Its locale is the host's: by ours the
        # geo-replication it starts could not read file names that are not ASCII.
        (unset LC_ALL && exec glusterd) </dev/null >/dev/null 2>&1 || failed "glusterd ended with $?"
    fi
fi
left=$1
until answers; do
    [ -n "$(pids_of glusterd)" ] || failed "glusterd started and ended again"
    [ "$left" -gt 0 ] || failed "glusterd runs but answers nothing"
    left=$((left - 1))
    sleep 1
done
echo "$word"

# The event daemon comes back where we stopped it, or where the host starts it at boot.
if [ -d /run/systemd/system ]; then
    if [ -e /run/gluster-upgrade.glustereventsd ] || systemctl is-enabled --quiet glustereventsd.service 2>/dev/null; then
        systemctl start glustereventsd.service </dev/null || echo "systemctl start glustereventsd failed"
    fi
elif [ -e /run/gluster-upgrade.glustereventsd ] && [ -z "$(pids_of glustereventsd)" ]; then
    (unset LC_ALL && exec glustereventsd) </dev/null >/dev/null 2>&1 &
fi
rm -f /run/gluster-upgrade.glustereventsd
