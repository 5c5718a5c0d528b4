# Starts glusterd and waits until it answers, for at most $1 seconds each time, and until it has found its self-heal
# daemon, for at most $2; where it has lost it, glusterd is started anew, $3 times at most.
# Prints `running` where it ran already, `started` where it did not; then what else was done.

answers() {
    [ -n "$(pids_of glusterd)" ] && timeout 10 gluster --mode=script pool list </dev/null >/dev/null 2>&1
}

# Prints the length of each of glusterd's logs and its path: it has another name since 3.8.
logs() {
    for log in "$root"/var/log/glusterfs/glusterd.log "$root"/var/log/glusterfs/*etc-glusterfs-glusterd.vol.log; do
        [ -e "$log" ] && echo "$(wc -c <"$log") $log"
    done
}

# Prints what was written since we started it, if we did: what an earlier glusterd wrote explains nothing. A log that is
# shorter now is a new one.
logs_before=
written() {
    logs | while read -r length log; do
        from=$(printf '%s\n' "$logs_before" | while read -r before name; do [ "$name" = "$log" ] && echo "$before"; done)
        [ "$length" -ge "${from:-0}" ] || from=0
        tail -c +"$((${from:-0} + 1))" "$log" | tail -n 20
    done
}

failed() {
    echo "$1"
    lines=$(written)
    echo "${lines:-it wrote nothing to its log}"
    exit 1
}

begin() {
    logs_before=$(logs)
    if unit=$(glusterd_unit); then
        # The unit allows six starts an hour (StartLimitBurst in glusterd.service); ours have a reason each.
        systemctl reset-failed "$unit" 2>/dev/null
        systemctl start "$unit" </dev/null || failed "systemctl start $unit failed"
    else
        # Its streams are closed: sshd would wait for a daemon that keeps them. Its locale is the host's: by ours the
        # geo-replication it starts could not read file names that are not ASCII.
        (unset LC_ALL && exec glusterd) </dev/null >/dev/null 2>&1 || failed "glusterd ended with $?"
    fi
}

# By a clock that nobody sets.
uptime_seconds() {
    read -r seconds rest </proc/uptime && echo "${seconds%.*}"
}

# Waits until it answers, for at most $1 seconds: a look takes up to ten of them.
wait_answer() {
    last=$(($(uptime_seconds) + $1))
    until answers; do
        [ -n "$(pids_of glusterd)" ] || failed "glusterd started and ended again"
        [ "$(uptime_seconds)" -lt "$last" ] || failed "glusterd runs but answers nothing"
        sleep 0.2
    done
}

# From 7 on one self-heal daemon heals all volumes, and holds a file with its pid for each of them. Where peers answer a
# glusterd that starts, it may delete such a file that the daemon has only just made: the volume is healed, but its daemon
# is offline to glusterd, until glusterd itself starts anew; `volume start force` changes nothing (glusterd-svc-helper.c,
# glusterd_shd_svc_mux_init; seen with 11.1 in a pool of six, after two of six starts of all servers at once).

# Prints the started volumes that such a daemon heals: those with a volfile for it, and a brick on this server. It is
# started for no other.
healed() {
    for volfile in "$root"/var/lib/glusterd/vols/*/*-shd.vol; do
        directory=${volfile%/*}
        volume=${directory##*/}
        grep -q -x status=1 "$directory/info" 2>/dev/null || continue
        for brick in "$root/var/run/gluster/vols/$volume"/*.pid; do
            [ -e "$brick" ] && echo "$volume"
            break
        done
    done
}

# Prints those of them whose file is not there, or names no process that runs.
unfound() {
    for volume in $(healed); do
        pid=
        { read -r pid <"$root/var/run/gluster/shd/$volume/$volume-shd.pid"; } 2>/dev/null
        [ -n "$pid" ] && [ -e "$root/proc/$pid" ] || echo "$volume"
    done
}

# Prints those of them whose file a daemon holds, though it is deleted.
lost() {
    held=$(for daemon in $(daemons); do readlink "$root/proc/$daemon/fd"/* 2>/dev/null; done)
    for volume in $(unfound); do
        case $held in *"/shd/$volume/$volume-shd.pid (deleted)"*) echo "$volume" ;; esac
    done
}

# Waits until it has found its daemon, three times in a row, for at most $2 seconds; starts glusterd anew, with $1 seconds
# to answer and $3 times at most, where it has lost it. One volume alone has never been lost. What is not found at the
# end is told by `volume status`, which whoever called looks at.
wait_found() {
    [ "$(healed | wc -l)" -gt 1 ] || return 0
    looks=0 remaining=$2 starts=$3
    while [ "$looks" -lt 3 ] && [ "$remaining" -gt 0 ]; do
        volumes=$(lost)
        if [ -n "$volumes" ] && [ "$starts" -gt 0 ]; then
            echo "glusterd started anew: it had lost the self-heal daemon of" $volumes
            end_glusterd "$1" || failed "glusterd was to start anew and does not end"
            begin
            wait_answer "$1"
            starts=$((starts - 1)) looks=0
        elif [ -n "$(unfound)" ]; then
            looks=0
        else
            looks=$((looks + 1))
        fi
        remaining=$((remaining - 1))
        sleep 1
    done
}

word=running
if [ -z "$(pids_of glusterd)" ]; then
    word=started
    begin
fi
wait_answer "$1"
echo "$word"
wait_found "$1" "$2" "$3"

# The event daemon comes back where we stopped it, or where the host starts it at boot.
if [ -d "$root/run/systemd/system" ]; then
    if [ -e "$root/run/gluster-upgrade.glustereventsd" ] || systemctl is-enabled --quiet glustereventsd.service 2>/dev/null; then
        systemctl start glustereventsd.service </dev/null || echo "systemctl start glustereventsd failed"
    fi
elif [ -e "$root/run/gluster-upgrade.glustereventsd" ] && [ -z "$(pids_of glustereventsd)" ]; then
    (unset LC_ALL && exec glustereventsd) </dev/null >/dev/null 2>&1 &
fi
rm -f "$root/run/gluster-upgrade.glustereventsd"
