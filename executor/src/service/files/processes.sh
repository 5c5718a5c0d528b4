# Lists Gluster's processes and mounts on this host.
# $1: a directory in place of `/`, for trying it out.
# Prints `glusterd PID`, `glusterfsd PID`, `glusterfs PID`, `mount PATH`, and at last `end`.
root=$1

# Mount points of Gluster, as the kernel writes them: blanks, newlines and backslashes as \040 and so on.
mounts=$(awk '$3 == "fuse.glusterfs" { print $2 }' "$root/proc/mounts")

for pid in $(pids_of glusterd glusterfsd); do
    { read -r name <"$root/proc/$pid/comm"; } 2>/dev/null && echo "$name $pid"
done
for pid in $(pids_of glusterfs); do
    # One argument a line, written like /proc/mounts writes a path. `read -r` would trim what it reads.
    arguments=$(sed -e 's/\\/\\134/g' -e 's/ /\\040/g' -e 's/\t/\\011/g' "$root/proc/$pid/cmdline" 2>/dev/null |
        tr '\n\0' '?\n')
    [ -n "$arguments" ] || continue
    last=$(printf '%s\n' "$arguments" | tail -n 1)
    [ "$last" = / ] || last=${last%/}
    # mount.glusterfs passes `--process-name fuse`, or `fuse.NAME` with its option process-name (9.2 and later;
    # older ones pass none), and the mount point last at all times.
    # A last argument alone proves nothing: gNFS ends with the path of its socket.
    if printf '%s\n' "$arguments" | grep -A1 -x -e '--process-name' | grep -q -x -e fuse -e 'fuse\..*' ||
        printf '%s\n' "$mounts" | grep -q -x -F -e "$last"; then
        echo "mount $last"
    else
        echo "glusterfs $pid"
    fi
done
echo end
