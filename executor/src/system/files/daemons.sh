# Lists Gluster's processes with what they were started with, and the releases of what they have mapped. Reads only.
# $1: a directory in place of `/`, for trying it out.
# Prints `process PID NAME replaced|current|unknown RELEASES|-`, then a tab and the arguments with tabs between them,
# and at last `end`.
root=$1
tab=$(printf '\t')

# The arguments of $1 in one line: what would break the line or look like its tabs becomes a question mark.
arguments_of() {
    tr '\0\n\t' '\t??' <"$root/proc/$1/cmdline" 2>/dev/null
}

# The releases of what $1 has mapped. Translators are in a directory of their release:
# /usr/lib/x86_64-linux-gnu/glusterfs/10.3/xlator/…
mapped() {
    awk '{
        if (match($0, "/glusterfs/[0-9][0-9.]*[0-9]/") && !seen[release = substr($0, RSTART + 11, RLENGTH - 12)]++)
            printf "%s,", release
    }' "$root/proc/$1/maps" 2>/dev/null
}

# Whether $1 has no memory any more: it ends, and runs nothing. That its maps cannot be read is another matter.
ends() {
    maps=$(cat "$root/proc/$1/maps" 2>/dev/null) && [ -z "$maps" ] && [ -z "$(arguments_of "$1")" ]
}

# Finds the releases that $1 has mapped. A process that has only just begun has nothing mapped yet, and
# `glusterfs --version` never has: each is over in a moment. Waits until it is gone or has something mapped; what has
# nothing for longer is told as it is.
looks=10
find_releases() {
    releases=$(mapped "$1")
    while [ -z "$releases" ] && [ "$looks" -gt 0 ] && [ -e "$root/proc/$1" ]; do
        looks=$((looks - 1))
        sleep 0.2
        releases=$(mapped "$1")
    done
}

# Tells of $1, which has mapped $releases.
tell() {
    { read -r name <"$root/proc/$1/comm"; } 2>/dev/null || return 0
    program=$(readlink "$root/proc/$1/exe" 2>/dev/null)
    case $program in
    '') state=unknown ;;
    *' (deleted)') state=replaced ;;
    *) state=current ;;
    esac
    echo "process $1 $name $state ${releases:--}$tab$(arguments_of "$1")"
}

for pid in $(pids_of glusterd glusterfsd glusterfs); do
    find_releases "$pid"
    [ -z "$releases" ] && ends "$pid" || tell "$pid"
done
# Geo-replication and the events daemon are Python programs: known by their arguments.
for pid in $(pids_of python python3 gsyncd gsyncd.py glustereventsd $(cd "$root/proc" 2>/dev/null && cat [0-9]*/comm 2>/dev/null | grep '^python3\.[0-9]*$' | sort -u)); do
    case $tab$(arguments_of "$pid")$tab in
    *gsyncd* | *glustereventsd*) releases=$(mapped "$pid")
        tell "$pid"
        ;;
    esac
done
echo end
