# Proves that the mount at $1 can be used: a file is written through it, read back and removed. With $2 `read`, the
# folder is only listed. Prints what was done.
point=$1
if ! timeout 60 ls -A "$point" >/dev/null; then
    echo "failed: $point cannot be listed"
    exit 1
fi
if [ "$2" = read ]; then
    echo "listed"
    exit 0
fi
file=$point/.gluster-upgrade-canary-$(hostname)-$$
text="written at $(date -u) to prove this mount"
if ! said=$(printf '%s\n' "$text" 2>&1 | timeout 60 dd of="$file" conv=fsync 2>&1); then
    rm -f "$file" 2>/dev/null
    case $said in
    *'Permission denied'* | *'Operation not permitted'*)
        # server.root-squash: root is nobody there. The mount works all the same.
        echo "listed; root may not write here"
        exit 0
        ;;
    esac
    echo "failed: nothing can be written to $point: $said"
    exit 1
fi
got=$(timeout 60 cat "$file")
if ! timeout 60 rm -f "$file" || [ "$got" != "$text" ]; then
    echo "failed: written to $file, and read back as: $got"
    exit 1
fi
echo "written, read and removed"
