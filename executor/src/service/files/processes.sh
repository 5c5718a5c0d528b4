# Lists Gluster's processes and mounts on this host.
# $1: a directory in place of `/`, for trying it out.
# Prints `glusterd PID`, `glusterfsd PID`, `glusterfs PID`, `mount PATH`, and at last `end`.
root=$1

for pid in $(pids_of glusterd glusterfsd); do
    { read -r name <"$root/proc/$pid/comm"; } 2>/dev/null && echo "$name $pid"
done
for pid in $(pids_of glusterfs); do
    if mount=$(mount_of "$pid"); then
        echo "mount $mount"
    elif [ -e "$root/proc/$pid/cmdline" ]; then
        echo "glusterfs $pid"
    fi
done
echo end
