# Tells how this host uses volumes: mounts, programs on libgfapi, and what an upgrade put aside.
# $1: a directory in place of `/`, for trying it out; $2 …: applications to look for, as process:NAME or unit:NAME.
# Prints lines of a word and its arguments, and at last `end`. Paths and arguments are written as the kernel writes
# paths in /proc/mounts. Reads only.
root=$1
shift

# Prints the arguments of the process $1, one a line.
arguments() {
    sed -e 's/\\/\\134/g' -e 's/ /\\040/g' -e 's/\t/\\011/g' "$root/proc/$1/cmdline" 2>/dev/null | tr '\n\0' '?\n'
}

# Prints the systemd service of the process $1. A user's own services are not the system's to stop.
unit_of() {
    sed -n -e 's/^0:://p' -e 's/^[0-9]*:name=systemd://p' "$root/proc/$1/cgroup" 2>/dev/null | tail -n 1 |
        grep -v '/user@' | tr '/' '\n' | grep '\.service$' | tail -n 1
}

# Whether the process $1 is in our own pid namespace: a container's programs have a library of their own.
is_ours() {
    theirs=$(readlink "$root/proc/$1/ns/pid" 2>/dev/null)
    [ "${theirs:-$space}" = "$space" ]
}
space=$(readlink "$root/proc/self/ns/pid" 2>/dev/null)

# Prints the name of the process $1, in one word: anybody may call a process as they like.
name_of() {
    head -n 1 "$root/proc/$1/comm" 2>/dev/null | tr -c 'A-Za-z0-9_.:+@/\n-' '?'
}

# Whether the process $1 is there, and no zombie, whose memory and files are gone.
lives() {
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "$root/proc/$1/status" 2>/dev/null)
    case $state in '' | Z | X) return 1 ;; esac
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

{ hostname -I || ip -o addr show scope global | awk '{ sub("/.*", "", $4); print $4 }'; } 2>/dev/null |
    tr ' ' '\n' | sed -n 's/^\([0-9a-fA-F.:][0-9a-fA-F.:]*\)$/address \1/p'

# The fields of mountinfo before ` - ` vary in number (proc_pid_mountinfo(5)).
awk '{
    for (at = 7; at <= NF && $at != "-"; at++) ;
    print $(at + 1), $3, $4, $5, $(at + 2)
}' "$root/proc/self/mountinfo" >"$scratch/mounts"
awk '$1 == "fuse.glusterfs"' "$scratch/mounts" | while read -r _ device folder point source; do
    # %b writes the octal escapes out.
    path=$(printf '%b' "$(printf '%s' "$point" | sed 's/\\\([0-7]\{3\}\)/\\0\1/g')")
    word=unreadable
    timeout 10 ls -d "$root$path/." >/dev/null 2>&1 && word=readable
    echo "mount $point $source $device $folder $word"
    awk -v point="$point" '$1 == "autofs" && $4 == point { print "automount", point }' "$scratch/mounts"
    awk -v point="$point" '$1 != "autofs" && index($4, point "/") == 1 { print "user", point, 0, "mount at " $4 }' \
        "$scratch/mounts"
    awk -v point="$point" '$2 == point && $3 ~ /^(fuse\.)?glusterfs$/ { print "kept", point, "fstab" }' \
        "$root/etc/fstab" 2>/dev/null
    if [ -d /run/systemd/system ] && unit=$(systemd-escape -p --suffix=mount "$path" 2>/dev/null); then
        file=$(systemctl show -p FragmentPath "$unit" 2>/dev/null)
        case ${file#FragmentPath=} in
        '' | /run/systemd/generator/*) ;;
        *) echo "kept $point $unit" ;;
        esac
    fi
done >"$scratch/told"
cat "$scratch/told"

for pid in $(pids_of glusterfs); do
    if point=$(mount_of "$pid"); then
        echo "serves $pid $point"
        arguments "$pid" | sed "s/^/argument $pid /"
    fi
done

# What each process has open, and what it has in memory: one look at all of them.
find "$root"/proc/[0-9]*/cwd "$root"/proc/[0-9]*/root "$root"/proc/[0-9]*/exe "$root"/proc/[0-9]*/fd \
    -maxdepth 1 -type l -printf '%h/%f\t%l\n' >"$scratch/links" 2>"$scratch/unseen"
grep -a -H ' /' "$root"/proc/[0-9]*/maps >"$scratch/memory" 2>>"$scratch/unseen"
sed -n "s,^.*$root/proc/\([0-9]*\)/.*Permission denied.*,\1,p" "$scratch/unseen" | sort -u | while read -r pid; do
    lives "$pid" && echo "unseen $pid $(name_of "$pid")"
done

# Who uses the mounts. The paths are as they are, not as the kernel writes them in its lists.
{
    sed -e "s,^$root/proc/\([0-9]*\)/[^	]*	,\1	," "$scratch/links"
    sed -n -e "s,^$root/proc/\([0-9]*\)/maps:[^/]* /,\1	/,p" "$scratch/memory"
} | sed -e 's/\\/\\134/g' -e 's/ /\\040/g' | awk -F '\t' '
    FNR == NR { if ($1 ~ /^mount /) { split($1, words, " "); points[words[2]] } next }
    { for (point in points) if ($2 == point || index($2, point "/") == 1) used[point " " $1] }
    END { for (one in used) print one }' "$scratch/told" - | while read -r point pid; do
    echo "user $point $pid $(name_of "$pid")"
done

# Who has Gluster's libraries in memory: pid, kind, state, release.
awk -v root="$root" '
    !/\/lib(gfapi|glusterfs|gfrpc|gfxdr)\.so|\/glusterfs\/[^\/]*\/(xlator|rpc-transport)\// { next }
    {
        pid = substr($0, length(root) + length("/proc/") + 1)
        sub(/\/.*/, "", pid)
        if ($0 ~ /\/libgfapi\.so/) kind[pid] = "gfapi"
        else if ($0 ~ /\/libglusterfs\.so/ && !(pid in kind)) kind[pid] = "library"
        if ($0 ~ / \(deleted\)$/) state[pid] = "deleted"
        if (match($0, /\/glusterfs\/[0-9][0-9.]*\//)) release[pid] = substr($0, RSTART + 11, RLENGTH - 12)
    }
    END {
        for (pid in kind)
            print pid, kind[pid], (pid in state) ? state[pid] : "current", (pid in release) ? release[pid] : "-"
    }' "$scratch/memory" | while read -r pid kind state release; do
    is_ours "$pid" || continue
    unit=$(unit_of "$pid")
    echo "$kind $pid $state $release ${unit:--} $(name_of "$pid")"
    [ "$kind" = gfapi ] && arguments "$pid" | sed "s/^/argument $pid /"
done

sed -n -e 's/ (deleted)$//' -e "s,^$root/proc/\([0-9]*\)/exe	.*/\([^/]*\)\$,\1 \2,p" "$scratch/links" >"$scratch/programs"

# Which processes are the applications'. The kernel keeps fifteen letters of a name.
for key in "$@"; do
    name=${key#*:}
    echo "asked $key"
    short=$(printf '%.15s' "$name")
    for directory in "$root"/proc/[0-9]*; do
        pid=${directory##*/}
        case $key in
        unit:*)
            grep -q -F -e "/$name" "$directory/cgroup" 2>/dev/null && [ "$(unit_of "$pid")" = "$name" ] || continue
            ;;
        process:*)
            comm=
            { read -r comm <"$directory/comm"; } 2>/dev/null || continue
            [ "$comm" = "$short" ] || grep -q -F -x -e "$pid $name" "$scratch/programs" || continue
            ;;
        esac
        lives "$pid" && is_ours "$pid" && echo "runs $key $pid"
    done
done

for note in "$root"/var/lib/gluster-upgrade/aside/*; do
    [ -f "$note" ] && cat "$note"
done
echo end
