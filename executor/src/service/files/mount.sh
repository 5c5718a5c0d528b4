# Mounts $1 at $2 with the options $3, as it was mounted before, and strikes the note of it out.
# Prints `mounted`.
source=$1 point=$2 options=$3
note_of_mount "$point"
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
left=60
until served "$point"; do
    # The helper's daemon keeps the streams it is given: never ours, which sshd would wait for.
    # Its locale is the host's, and so is its cgroup: it has to outlive this session.
    if (unset LC_ALL && outlive mount -t glusterfs ${options:+-o "$options"} "$source" "$point") \
        </dev/null >"$said" 2>&1 && served "$point"; then
        break
    fi
    if [ "$left" -le 0 ]; then
        echo "failed: mount -t glusterfs ${options:+-o $options }$source $point"
        tail -n 20 "$said"
        exit 1
    fi
    # What a mount that failed may leave: an entry that nobody serves.
    umount "$point" 2>/dev/null
    left=$((left - 2))
    sleep 2
done
rm -f "$note"
echo mounted
