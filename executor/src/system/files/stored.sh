# Tells what below /var/lib/glusterd could keep glusterd from starting, and where certificates are. Reads only.
# $1: a directory in place of `/`, for trying it out.
# Prints `empty FILE`, `incomplete DIRECTORY`, `translator KIND`, `snapshot NAME STATUS`, `secure-access`, `certificates DIRECTORY`, and at
# last `end`. A name that is no name of Gluster's comes with question marks.
root=$1
LC_ALL=C
export LC_ALL
state=/var/lib/glusterd
cd "$root$state" || exit 1

plain() {
    printf '%s\n' "$1" | tr -c 'A-Za-z0-9._:/\n-' '?' | tr '\n' '?' | sed 's/?$//'
}
# The files glusterd reads at its start. Others are empty by right: missed_snaps_list, pid files, hooks.
for file in glusterd.info peers/* vols/*/info vols/*/node_state.info vols/*/bricks/* vols/*/*.vol snaps/*/info \
    snaps/*/*/info; do
    if [ -f "$file" ] && [ ! -s "$file" ]; then echo "empty $(plain "$state/$file")"; fi
done
for directory in vols/* snaps/*; do
    [ -d "$directory" ] || continue
    if [ ! -e "$directory/info" ]; then echo "incomplete $(plain "$state/$directory")"; fi
done
for file in peers/*; do
    if [ -s "$file" ] && ! grep -q '^uuid=' "$file"; then echo "incomplete $(plain "$state/$file")"; fi
done
for info in snaps/*/info; do
    status=$(sed -n 's/^status=\([0-9][0-9]*\)$/\1/p' "$info" 2>/dev/null)
    [ -n "$status" ] || continue
    directory=${info%/info}
    echo "snapshot $(plain "${directory#snaps/}") $status"
done
cat vols/*/*.vol 2>/dev/null | sed -n 's/^[[:space:]]*type \([a-z0-9/-]*\)[[:space:]]*$/translator \1/p' | sort -u
if [ -e secure-access ]; then echo secure-access; fi
for directory in /etc/ssl /etc/pki/tls /usr/lib/ssl; do
    # All three, or a TLS connection is refused before it begins.
    set -- "$root$directory/glusterfs.pem" "$root$directory/glusterfs.key" "$root$directory/glusterfs.ca"
    if [ -e "$1" ] && [ -e "$2" ] && [ -e "$3" ]; then echo "certificates $directory"; fi
done
echo end
