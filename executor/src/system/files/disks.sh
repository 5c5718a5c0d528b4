# Tells the file system of each directory $1 $2 …, by its place among the arguments. Reads only.
# Prints `NUMBER missing`, or `NUMBER fs KIND SIZE-KIB FREE-KIB FREE-INODES|- rw|ro|error MOUNT-POINT` and
# `NUMBER volume-id HEX|none|unreadable`, and at last `end`.
LC_ALL=C
export LC_ALL

# The options of what is mounted last at $1. The kernel writes blanks and backslashes of a path as octal numbers.
options_at() {
    escaped=$(printf '%s\n' "$1" | sed -e 's/\\/\\134/g' -e 's/ /\\040/g' -e 's/\t/\\011/g')
    at=$escaped awk '$2 == ENVIRON["at"] { options = $4 } END { print options }' /proc/self/mounts
}

volume_id() {
    if command -v getfattr >/dev/null; then
        said=$(getfattr --absolute-names -n trusted.glusterfs.volume-id -e hex -- "$1" 2>&1)
        case $said in
        *trusted.glusterfs.volume-id=0x*) printf '%s\n' "$said" | sed -n 's/^trusted.glusterfs.volume-id=0x//p' ;;
        *'No such attribute'*) echo none ;;
        *) echo unreadable ;;
        esac
    elif command -v python3 >/dev/null; then
        python3 -c 'import errno, os, sys
try:
    print(os.getxattr(sys.argv[1], "trusted.glusterfs.volume-id").hex())
except OSError as error:
    print("none" if error.errno == errno.ENODATA else "unreadable")' "$1"
    else
        echo unreadable
    fi
}

number=0
for directory in "$@"; do
    number=$((number + 1))
    if [ ! -d "$directory" ]; then
        echo "$number missing"
        continue
    fi
    # Not `{6}`: Debian's mawk knows no such count, and would take the whole line for the mount point.
    # Type, size and free space of what an ordinary user may use; control characters come as `?`.
    space=$(df -P -k -T -- "$directory" 2>/dev/null | sed 1d) || { echo "$number missing"; continue; }
    inodes=$(df -P -i -- "$directory" 2>/dev/null | sed 1d | awk '{ print ($2 ~ /^[1-9]/) ? $4 : "-" }')
    mount_point=$(printf '%s\n' "$space" | awk '{ sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +/, ""); print }')
    how=rw
    case ,$(options_at "$mount_point"), in *,ro,*) how=ro ;; esac
    # A file system that shut itself down answers nothing but errors.
    ls -- "$directory" >/dev/null 2>&1 || how=error
    printf '%s\n' "$space" | awk -v number="$number" -v inodes="${inodes:--}" -v how="$how" \
        '{ line = $0; sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +/, "", line); print number, "fs", $2, $3, $5, inodes, how, line }'
    echo "$number volume-id $(volume_id "$directory")"
done
echo end
