# Claims this host, below the folder $1 (empty on a real one), by the text $2. It takes the place of no other claim but
# one of the text $3, where that is not empty. Prints `taken`, or `other` and the claim that is there; at last `end`.
LC_ALL=C
export LC_ALL
umask 077
folder=$1/var/lib/gluster-upgrade
claim=$folder/claim.json
mkdir -p "$folder" && chmod 0700 "$folder" && exec 9<"$folder" || exit 1
# Whoever else is about to claim this host waits here, so that nobody replaces what was not looked at.
flock -w 20 9 || { echo "another one keeps claiming this host"; exit 1; }
if [ -e "$claim" ] || [ -L "$claim" ]; then
    text=$(head -c 4096 "$claim") || exit 1
    if [ -z "$3" ] || [ "$text" != "$3" ]; then
        printf 'other\n%s\nend\n' "$text"
        exit 0
    fi
fi
# Whoever reads it sees the old one or the new one, and never a part. Only this file is waited for: a `sync` of everything
# can take minutes on a storage server. (Before coreutils 8.24 there is no other.) The folder, too: a claim that is gone after
# a loss of power says that somebody else took it.
new=$(mktemp "$folder/claiming.XXXXXX") || exit 1
trap 'rm -f "$new"' EXIT
printf '%s\n' "$2" >"$new" && sync "$new" && mv -f "$new" "$claim" && sync "$folder" && printf 'taken\nend\n'
