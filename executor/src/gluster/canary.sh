# Proves that a volume can be used: mounted freshly on this host, a file of root's and one of another user's are written
# through the mount, read back and taken away. Nothing else in the volume is touched.
# $1: volume; $2: the run, which names what is written; $3: a directory in place of `/`, for trying it out.
# Prints at last `proved: …`; or `failed: …` where a file could not be written and read, or `untried: …` where that could
# not be tried. Mount and files are gone at the end, however it ends.
LC_ALL=C
export LC_ALL
umask 022
volume=$1
run=$2
root=$3

untried() {
    echo "untried: $1"
    exit 1
}
failed() {
    echo "failed: $1"
    exit 1
}
case $run in
'' | . | .. | *[!A-Za-z0-9._-]*) untried "not a name of a run: $run" ;;
esac
for program in glusterfs mount.glusterfs setpriv flock; do
    command -v "$program" >/dev/null || untried "there is no program $program on this host"
done
[ -e "$root/dev/fuse" ] || untried "there is no /dev/fuse on this host"
setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null || untried "setpriv may not change the user here"

# Two of one run would take each other's files away. Who was cut off ends by the deadline of its command.
exec 9>"$root/run/gluster-upgrade-canary.lock"
flock -w 120 9 || untried "another proof of this kind still runs on this host"

# Every call into a mount has an end: one that hangs is what this looks for.
soon() {
    timeout -k 5 60 "$@"
}
unmount() {
    # Nothing of ours has it open; a look of somebody else's passes.
    for try in 1 2 3 4 5 6 7 8 9 10; do
        mountpoint -q "$1" || return 0
        timeout -k 5 20 umount "$1" 2>/dev/null && return 0
        sleep 1
    done
    echo "note: $1 is still mounted"
}
put_away() {
    unmount "$1/volume"
    rmdir "$1/volume" 2>/dev/null
    rm -f "$1/log"
    rmdir "$1" 2>/dev/null
}
# What an earlier try of this run left when it was cut.
for old in "$root/run/gluster-upgrade-canary-$run".*; do
    [ -d "$old" ] && put_away "$old"
done
base=$(mktemp -d "$root/run/gluster-upgrade-canary-$run.XXXXXX") || untried "there is no place for a mount below /run"
point=$base/volume
directory=$point/.gluster-upgrade-canary-$run
# Their names are the run's too, so that no file of another's can be taken for them.
own=$directory/$run-root
others=$directory/$run-other
mounted=no

take_files_away() {
    soon rm -f "$own" "$others" 2>/dev/null
    # Only an empty directory goes, and no link instead of one.
    soon rmdir "$directory" 2>/dev/null
    # 1 is no, and all else is no answer.
    soon test -e "$directory" -o -L "$directory"
    [ $? -eq 1 ]
}
clean() {
    trap - EXIT
    trap '' PIPE
    [ "$mounted" = no ] || take_files_away
    put_away "$base"
}
trap clean EXIT
# PIPE: nobody reads any more what it says, as when the run was ended meanwhile.
trap 'exit 1' HUP INT TERM PIPE

# Others have to come through to the mount, and see nothing of what is beside it.
chmod 711 "$base" && mkdir -m 755 "$point" || untried "there is no place for a mount below /run"
if ! timeout -k 5 90 mount -t glusterfs -o log-level=WARNING,log-file="$base/log" "localhost:/$volume" "$point" \
    </dev/null >/dev/null 2>&1 9>&- || ! soon ls "$point" >/dev/null 2>&1 || ! mountpoint -q "$point"; then
    # Whom the volume lets in, and by which certificate, is its owner's choice and says nothing of the upgrade.
    if why=$(grep -i -e 'SSL connect error' -e 'load our cert' -e 'authentication failed' -e 'not permitted' "$base/log" 2>/dev/null); then
        untried "$volume does not let this host in: $(printf '%s\n' "$why" | tail -n 1)"
    fi
    failed "$volume cannot be mounted on this host: $(grep ' [EC] \[' "$base/log" 2>/dev/null | tail -n 1)"
fi
mounted=yes

# Writes a line to the new file $1 and reads it, both as $2; what follows says who that is.
write_and_read() {
    file=$1
    who=$2
    shift 2
    content=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    [ ${#content} -eq 64 ] || untried "there is no random content"
    # A new file, or none: what somebody else put there meanwhile is never written to.
    said=$(printf '%s\n' "$content" | soon "$@" dd of="$file" conv=excl,fsync 2>&1) ||
        failed "$who cannot write to $volume: $(printf '%s\n' "$said" | head -n 1)"
    got=$(soon "$@" cat "$file" 2>&1) || failed "$who cannot read from $volume: $got"
    [ "$got" = "$content" ] || failed "$who wrote a file to $volume and read something else"
}

take_files_away || untried "$directory is in the way, and is not empty"
said=$(soon mkdir -m 1777 "$directory" 2>&1) || failed "root cannot write to $volume: $said"
# storage.create-directory-mask has a say in how it is made.
said=$(soon chmod 1777 "$directory" 2>&1) || failed "root cannot change permissions in $volume: $said"
write_and_read "$own" root

# The other user has to be one whom the volume's own root directory lets in.
# shellcheck disable=SC2046 # three words
set -- $(soon stat -c '%a %u %g' "$point")
case $1 in
*[1357]) user=65534 group=65534 ;;
*[1357]?) user=65534 group=$3 ;;
*[1357]??) user=$2 group=$3 ;;
'') failed "the root directory of $volume cannot be looked at" ;;
*) user=0 ;;
esac
if [ "$user" != 0 ]; then
    write_and_read "$others" "user $user" setpriv --reuid "$user" --regid "$group" --clear-groups
fi
# Clients note on the bricks which files they are writing, and take the note back when a file is closed, or up to a second
# after the last write (cluster.post-op-delay-secs, disperse.eager-lock-timeout). Taken away before that, a file of a
# dispersed volume stays in the bricks' list of what is to be healed (seen on 10.3 and 11.1), and so may its directory
# where the mount goes at once. A replicated volume has the note back at the close (10.3: fifteen times, nothing stayed).
case $(soon gluster --mode=script volume info "$volume" 2>/dev/null | grep '^Type: ') in
'Type: Replicate' | 'Type: Distributed-Replicate') notes_go=0 ;;
*) notes_go=2 ;;
esac
sleep "$notes_go"
take_files_away || failed "what was written to $volume cannot be taken away: $directory"
sleep "$notes_go"
if [ "$user" != 0 ]; then
    echo "proved: root and user $user can write to $volume and read"
else
    echo "proved: root can write to $volume and read; its mode ($1) lets nobody else in"
fi
