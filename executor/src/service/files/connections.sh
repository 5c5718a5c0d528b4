# Lists the TCP connections of Gluster's processes on this host, but for those of FUSE mounts, which are clients.
# $1: a directory in place of `/`, for trying it out.
# Prints `brick PID VOLUME` or `daemon PID` for each process, then its sockets as the kernel has them in
# /proc/net/tcp: `socket LOCAL REMOTE STATE`, and at last `end`.
root=$1

# glfsheal is what `heal info` starts on the server that is asked.
for pid in $(pids_of glusterd glusterfsd glusterfs glfsheal); do
    { read -r name <"$root/proc/$pid/comm"; } 2>/dev/null || continue
    if [ "$name" = glusterfs ] && mount_of "$pid" >/dev/null; then
        continue
    fi
    what="daemon $pid"
    if [ "$name" = glusterfsd ]; then
        # A brick is started as `glusterfsd … --volfile-id VOLUME.HOST.PATH`; no volume's name has a dot.
        # The daemon of snapshots goes by the same name, with a volfile `snapd/VOLUME`.
        id=$(tr '\n\0' '?\n' <"$root/proc/$pid/cmdline" 2>/dev/null | grep -A1 -x -e '--volfile-id' | tail -n 1)
        case $id in
        */*) ;;
        *.*) what="brick $pid ${id%%.*}" ;;
        esac
    fi
    echo "$what"
    if sockets=$(ls -l "$root/proc/$pid/fd" 2>/dev/null); then
        {
            printf '%s\n' "$sockets" | sed -n 's/.*socket:\[\([0-9]*\)\]$/inode \1/p'
            cat "$root/proc/$pid/net/tcp" "$root/proc/$pid/net/tcp6" 2>/dev/null
        } | awk '$1 == "inode" { ours[$2] = 1; next } ($10 in ours) { print "socket", $2, $3, $4 }'
    elif [ -e "$root/proc/$pid/comm" ]; then
        echo "failed: the open files of $pid cannot be read"
        exit 1
    fi
done
echo end
