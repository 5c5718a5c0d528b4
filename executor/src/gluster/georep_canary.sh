# Proves that geo-replication carries content: a file written to the primary volume has to be read on the secondary.
# $1: primary volume; $2: a server of the secondary; $3: volume there; $4: the run, which names the file;
# $5: how many seconds it may take.
# Prints `arrived after N s` or what went wrong. Mounts and file are gone at the end, however it ends.
LC_ALL=C
export LC_ALL
umask 077

case $4 in
'' | . | .. | *[!A-Za-z0-9._-]*)
    echo "refused: not a name of a run: $4"
    exit 2
    ;;
esac
base=$(mktemp -d /run/gluster-upgrade-canary.XXXXXX) || { echo "failed: no directory for mounts"; exit 1; }
file=.gluster-upgrade-canary-$4

unmount() {
    # Nothing of ours has it open; a look of somebody else's passes.
    for try in 1 2 3 4 5 6 7 8 9 10; do
        mountpoint -q "$1" || return 0
        umount "$1" 2>/dev/null && return 0
        sleep 1
    done
    echo "note: $1 is still mounted"
}
clean() {
    trap - EXIT
    trap '' PIPE
    [ -e "$base/primary/$file" ] && rm -f "$base/primary/$file"
    unmount "$base/secondary"
    unmount "$base/primary"
    rmdir "$base/secondary" "$base/primary" 2>/dev/null
    rm -f "$base/log"
    rmdir "$base" 2>/dev/null
}
trap clean EXIT
# PIPE: nobody reads any more what it says, as when the run was ended meanwhile.
trap 'exit 1' HUP INT TERM PIPE

# $1: name of the mount; $2: server; $3: volume; $4 …: more options.
mount_volume() {
    directory=$base/$1
    server=$2
    volume=$3
    shift 3
    mkdir "$directory" || return 1
    glusterfs "$@" --process-name fuse --volfile-server="$server" --volfile-id="/$volume" \
        --log-level=WARNING --log-file="$base/log" "$directory" || return 1
    timeout 60 ls "$directory" >/dev/null 2>&1 && mountpoint -q "$directory"
}

if ! mount_volume primary localhost "$1"; then
    echo "failed: $1 could not be mounted here: $(tail -n 1 "$base/log" 2>/dev/null)"
    exit 1
fi
if ! mount_volume secondary "$2" "$3" --read-only; then
    echo "unseen: $3 of $2 could not be mounted here: $(tail -n 1 "$base/log" 2>/dev/null)"
    exit 1
fi
content=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
[ ${#content} -eq 64 ] || { echo "failed: no random content"; exit 1; }
if ! printf '%s\n' "$content" >"$base/primary/$file"; then
    echo "failed: nothing could be written to $1"
    exit 1
fi
waited=0
while :; do
    found=
    { read -r found <"$base/secondary/$file"; } 2>/dev/null
    if [ "$found" = "$content" ]; then
        echo "arrived after $waited s"
        exit 0
    fi
    if [ "$waited" -ge "$5" ]; then
        break
    fi
    sleep 1
    waited=$((waited + 1))
done
if [ -e "$base/secondary/$file" ]; then
    echo "lost: the file is there by name and its content is not, after $waited s"
else
    echo "lost: the file did not arrive within $waited s"
fi
exit 1
