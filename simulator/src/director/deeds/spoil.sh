# Puts the file $1 aside and writes something in its place that means nothing. Ends with 0 where it is another file now.
set -e
aside=/var/tmp/$(basename "$1").aside
[ -s "$1" ]
[ ! -e "$aside" ]
cp -p "$1" "$aside"
echo 'this means nothing' >"$1"
if cmp -s "$1" "$aside"; then
    echo "$1 is what it was" >&2
    exit 1
fi
echo "$1 is spoilt"
