# Moves the changelogs of the brick $1 into the layout of 8 and later, with Gluster's own script for that.
# The brick must be down: one that runs goes on writing in the old layout.
# Prints `converted N`, `nothing to convert` or what went wrong.
LC_ALL=C
export LC_ALL

htime=$1/.glusterfs/changelogs/htime
case $1 in
/*) ;;
*)
    echo "refused: not a brick's directory: $1"
    exit 2
    ;;
esac
# Lines of the index that are not in a directory of year, month and day yet. Running the script on a brick that it has
# converted destroys changelogs, hence the look first.
old_lines() {
    for index in "$htime"/HTIME.*; do
        case $index in *.bak) continue ;; esac
        [ -f "$index" ] || continue
        tr '\0' '\n' <"$index" | grep -v -e '^$' -e '/changelogs/[0-9]\{4\}/[0-9][0-9]/[0-9][0-9]/'
    done
}
count=$(old_lines | wc -l)
if [ "$count" -eq 0 ]; then
    echo "nothing to convert"
    exit 0
fi
script=
for place in /usr/local/sbin /usr/share/glusterfs/scripts /usr/libexec/glusterfs/scripts; do
    [ -f "$place/glusterfs-georep-upgrade.py" ] && script=$place/glusterfs-georep-upgrade.py && break
done
if [ -z "$script" ]; then
    echo "failed: glusterfs-georep-upgrade.py is not on this host"
    exit 1
fi
if ! said=$(python3 "$script" "$1" 2>&1); then
    echo "failed: $(printf '%s' "$said" | tail -n 1)"
    exit 1
fi
if [ "$(old_lines | wc -l)" -ne 0 ]; then
    echo "failed: $script left changelogs in the old layout"
    exit 1
fi
echo "converted $count"
