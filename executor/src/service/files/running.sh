# Lists Gluster's processes on this host, each with the code it runs.
# $1: a directory in place of `/`, for trying it out.
# Prints `ROLE PID RELEASE STATE`, and at last `end`: RELEASE is the one whose translators it has mapped, or `-`;
# STATE is `replaced` where its program or a library of Gluster's was replaced since it started, else `current`.
root=$1

# The maps of a process name each file it runs from; a replaced one ends with ` (deleted)`.
code_of() {
    release=$(sed -n 's|^[^/]*/.*/glusterfs/\([0-9][0-9.]*\)[^/]*/xlator/.*|\1|p' "$root/proc/$1/maps" 2>/dev/null |
        sed -n 1p)
    state=current
    case $(readlink "$root/proc/$1/exe" 2>/dev/null) in *' (deleted)') state=replaced ;; esac
    if grep -q -E '/(libglusterfs|libgf|libglusterd|glusterfs/).* \(deleted\)$' "$root/proc/$1/maps" 2>/dev/null; then
        state=replaced
    fi
    echo "${release:--} $state"
}

for pid in $(pids_of glusterd glusterfsd glusterfs); do
    { read -r name <"$root/proc/$pid/comm"; } 2>/dev/null || continue
    case $name in
    glusterfs)
        role=daemon
        if mount_of "$pid" >/dev/null; then role=mount; fi
        ;;
    glusterfsd) role=brick ;;
    *) role=$name ;;
    esac
    code=$(code_of "$pid")
    # One that ended meanwhile has nothing mapped, which says nothing of it.
    [ -e "$root/proc/$pid/maps" ] && echo "$role $pid $code"
done
echo end
