# Deletes the lines of gNFS options from the stored volumes of this host, while glusterd is down.
# $1: the run, which names the backup; $2: a directory in place of `/`, for trying it out.
# Prints `changed VOLUME` for each volume that was changed, and at last `end`.
root=$2

umask 077
case $1 in
'' | . | .. | *[!A-Za-z0-9._-]*)
    echo "refused: not a name of a run: $1"
    exit 2
    ;;
esac
if [ -n "$(pids_of glusterd)" ]; then
    # It would write its own copy over ours.
    echo "refused: glusterd runs"
    exit 1
fi
backup="$root/var/lib/glusterd-upgrade-backup/$1/vols"

fail() {
    rm -f "$new"
    echo "failed: $1"
    exit 1
}

for info in "$root"/var/lib/glusterd/vols/*/info; do
    [ -f "$info" ] || continue
    directory=${info%/info}
    volume=${directory##*/}
    # Left by a run that was cut here.
    new="$directory/info.upgrade-new"
    rm -f "$new"
    grep -q '^nfs\.' "$info" || continue
    mkdir -p "$backup/$volume" || fail "no directory for the backup of $volume"
    # A backup that exists is of the same run and holds the older, original file.
    if [ ! -e "$backup/$volume/info" ]; then
        part="$backup/$volume/info.part"
        if ! { cp -p "$info" "$part" && sync "$part" && mv "$part" "$backup/$volume/info"; }; then
            fail "no backup of $volume"
        fi
    fi
    # Copied first for its owner and mode, which writing into it keeps.
    if ! { cp -p "$info" "$new" && sed '/^nfs\./d' "$info" >"$new" && sync "$new" && mv "$new" "$info"; }; then
        fail "$volume was not changed"
    fi
    sync "$directory"
    echo "changed $volume"
done
echo end
