# Unmounts the FUSE mount of $1 at $2, whose options are $3, after noting it down. With $4 `lazy`, whoever uses it.
# Prints `unmounted`.
source=$1 point=$2 options=$3
note_of_mount "$point"
mounted() {
    awk -v point="$point" '$5 == point && / - fuse\.glusterfs / { found = 1 } END { exit !found }' /proc/self/mountinfo
}
mkdir -p "$aside" && printf 'aside-mount %s %s %s\n' "$source" "$point" "$options" >"$note.new" &&
    sync "$note.new" && mv "$note.new" "$note" || { echo "failed: no note of it could be written to $note"; exit 1; }
if mounted; then
    if [ "$4" = lazy ]; then said=$(umount -l "$point" 2>&1); else said=$(umount "$point" 2>&1); fi || {
        status=$?
        rm -f "$note"
        echo "failed: $said"
        fuser -v -m "$point" 2>&1 | tail -n +2
        exit "$status"
    }
fi
# Its process ends by itself, some moments later.
left=300
while mounted || served "$point"; do
    if [ "$4" = lazy ] && ! mounted; then break; fi
    if [ "$left" -le 0 ]; then
        echo "failed: still there after a minute"
        exit 1
    fi
    left=$((left - 1))
    sleep 0.2
done
echo unmounted
