# What the scripts below share.
LC_ALL=C
export LC_ALL

# What stands in place of `/`, for trying a script out.
root=

# Prints the pids of the processes of these names.
# - A zombie does not run, though it has a name.
# - A process in another pid namespace belongs to a container on this host, which is not ours to upgrade.
# - glusterd is a link to glusterfsd: the kernel's name of a process is the name it was started by.
pids_of() {
    ours=$(readlink "$root/proc/self/ns/pid" 2>/dev/null)
    for directory in "$root"/proc/[0-9]*; do
        name=
        { read -r name <"$directory/comm"; } 2>/dev/null || continue
        for wanted in "$@"; do
            [ "$name" = "$wanted" ] || continue
            theirs=$(readlink "$directory/ns/pid" 2>/dev/null)
            [ "${theirs:-$ours}" = "$ours" ] || continue
            state=
            # No process of its own for this line: every look of every gate comes by here.
            { while read -r key value _; do
                case $key in State:) state=$value && break ;; esac
            done <"$directory/status"; } 2>/dev/null
            case $state in '' | Z | X) ;; *) echo "${directory##*/}" ;; esac
        done
    done
}

# Waits until no process of the names $2 … is left, for at most $1 seconds; prints those that are.
wait_gone() {
    left=$(($1 * 5))
    shift
    while [ -n "$(pids_of "$@")" ]; do
        if [ "$left" -le 0 ]; then
            for pid in $(pids_of "$@"); do
                echo "still running: $(cat "/proc/$pid/comm" 2>/dev/null) $pid"
            done
            return 1
        fi
        left=$((left - 1))
        sleep 0.2
    done
}

# Prints the mount point that the glusterfs process $1 serves, as the kernel writes it: blanks, newlines and backslashes
# as \040 and so on. Fails where it serves none: a daemon of glusterd's.
mount_of() {
    # One argument a line, written like /proc/mounts writes a path.
    # mount.glusterfs passes `--process-name fuse` since 3.11 or so, and the mount point last at all times.
    # A last argument alone proves nothing: gNFS ends with the path of its socket.
    sed -e 's/\\/\\134/g' -e 's/ /\\040/g' -e 's/\t/\\011/g' "$root/proc/$1/cmdline" 2>/dev/null | tr '\n\0' '?\n' |
        awk -v mounts="$root/proc/mounts" '
            { if (last == "--process-name" && $0 == "fuse") serves = 1; last = $0 }
            END {
                if (last != "/") sub("/$", "", last)
                while (!serves && last != "" && (getline line <mounts) > 0) {
                    split(line, words, " ")
                    serves = words[3] == "fuse.glusterfs" && words[2] == last
                }
                if (!serves || last == "") exit 1
                print last
            }'
}

# Prints the pids of glusterd's own daemons: self-heal, quota and the like. No brick, no mount.
daemons() {
    for daemon in $(pids_of glusterfs); do
        mount_of "$daemon" >/dev/null || echo "$daemon"
    done
}

# Sends SIGTERM to the processes of these names. One that ended meanwhile is as good.
terminate() {
    for pid in $(pids_of "$@"); do
        kill -TERM "$pid" 2>/dev/null
    done
    return 0
}

# Prints glusterd's systemd unit where systemd runs the host and has one.
# Debian's and the RPMs' unit is glusterd.service; old Ubuntu packages had glusterfs-server.
glusterd_unit() {
    [ -d "$root/run/systemd/system" ] || return 1
    for unit in glusterd.service glusterfs-server.service; do
        if systemctl cat "$unit" >/dev/null 2>&1; then
            echo "$unit"
            return 0
        fi
    done
    return 1
}

# Stops the unit $1 within $2 seconds so that no process but glusterd ends by it.
# Up to 9 the unit says KillMode=process; Debian's 10.3 and 11.1 say control-group, by which systemd ends the bricks
# along with glusterd, after a while by SIGKILL. The change is for this stop only and would not outlive a reboot.
stop_unit() {
    change=$root/run/systemd/system/$1.d/zz-gluster-upgrade.conf
    if [ "$(systemctl show -p KillMode "$1")" != KillMode=process ]; then
        mkdir -p "${change%/*}" && printf '[Service]\nKillMode=process\n' >"$change" && systemctl daemon-reload
        if [ "$(systemctl show -p KillMode "$1")" != KillMode=process ]; then
            echo "refused: stopping $1 would end its bricks too ($(systemctl show -p KillMode "$1"))"
            return 1
        fi
    fi
    # While it is still stopping the change has to stay.
    timeout "$2" systemctl stop "$1" || return 1
    if [ -e "$change" ]; then
        rm -f "$change"
        rmdir "${change%/*}" 2>/dev/null
        systemctl daemon-reload
    fi
}

# Stops glusterd and its daemons (self-heal, quota and the like), for at most $1 seconds each; bricks and mounts go on.
end_glusterd() {
    if unit=$(glusterd_unit) && ! stop_unit "$unit" "$1"; then
        echo "$unit was not stopped"
        return 1
    fi
    # Also one that was started by hand.
    terminate glusterd
    wait_gone "$1" glusterd || return 1
    # Its daemons, which it would otherwise replace when it starts: the new one finds the old one's socket still bound,
    # ends, and is not started again (seen on 10.3, once in nine restarts; "Failed to attach shd svc" in glusterd.log).
    left=$(($1 * 5))
    while pids=$(daemons) && [ -n "$pids" ]; do
        if [ "$left" -le 0 ]; then
            echo "still running: glusterfs $pids"
            return 1
        fi
        for pid in $pids; do
            kill -TERM "$pid" 2>/dev/null
        done
        left=$((left - 1))
        sleep 0.2
    done
}

# Where an upgrade notes down what it unmounts and stops, until it is back.
aside=/var/lib/gluster-upgrade/aside

# Sets `note` to the file for the mount point $1.
note_of_mount() {
    note=$aside/mount-$(printf '%s' "$1" | cksum | tr ' ' '-')
}

# Whether a process serves a mount at $1.
served() {
    for server in $(pids_of glusterfs); do
        [ "$(mount_of "$server")" = "$1" ] && return 0
    done
    return 1
}

# Runs a command so that what it leaves running outlives this session, which systemd may end as a whole.
outlive() {
    if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
        systemd-run --quiet --scope --slice=system.slice -- "$@"
    else
        "$@"
    fi
}
