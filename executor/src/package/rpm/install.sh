# Installs the version $1 of all Gluster packages, which is the release $2. With $3 `fetch`, downloads them only.
# Prints what was noteworthy, and at last `installed RELEASE` or `fetched VERSION`.
# Exit status 75: another such script runs on this host. 76: another release came of it.
version=$1
release=$2
mode=$3
case $version in
'' | -* | *[!A-Za-z0-9._+:~^-]*)
    echo "failed: not a version of a package: $version"
    exit 2
    ;;
esac

# The connection may go; a transaction that has begun goes on. All talk goes to a file first for the same reason.
trap '' HUP PIPE
umask 022
log=/var/log/gluster-upgrade-packages.log

# One at a time. The package manager inherits the lock, so that it holds for as long as that runs.
exec 9>/run/gluster-upgrade-packages.lock
if ! flock -n 9; then
    echo "busy: packages are being installed on this host by an earlier command"
    exit 75
fi
: >"$log"
printf 'version %s release %s mode %s\n' "$version" "$release" "${mode:-install}" >>"$log"
scratch=/run/gluster-upgrade-packages
rm -rf "$scratch"
mkdir -m 755 "$scratch" || exit 1
trap 'rm -rf "$scratch"' EXIT
# Whoever ends us by a signal ends the trap too, unless the signal ends in an exit.
trap 'exit 143' TERM INT

give_up() {
    echo "failed: $1"
    grep -i -e '^error' -e '^ Problem' -e '^  - ' "$log" | tail -n 20
    echo "all of it is in $log on the host"
    exit 1
}

look_offer >"$scratch/offer" 2>>"$log" || give_up "the repositories cannot be read"
cat "$scratch/offer" >"$scratch/available"
family >>"$scratch/available"
specs=$(wanted "$version" <"$scratch/available" | specs "$version")
[ -n "$specs" ] || give_up "the version $version is not on offer"

if [ "$mode" = fetch ]; then
    # shellcheck disable=SC2086 # names of packages
    download $specs >>"$log" 2>&1 || give_up "the packages could not be fetched"
    echo "fetched $version"
    exit 0
fi

record_units
# shellcheck disable=SC2086 # names of packages
transact $specs >>"$log" 2>&1 || give_up "the transaction ended with an error"
restore_units

# %config(noreplace): the operator's file stays, the package's is put beside it. Without noreplace it is the other way.
find /etc -name '*.rpmnew' -cnewer "$scratch/offer" 2>/dev/null | sed 's/^/kept your own file beside /'
find /etc -name '*.rpmsave' -cnewer "$scratch/offer" 2>/dev/null | sed 's/^/your own file was put aside as /'
family | awk -v version="$version" '$2 != version { print "left at another version: " $1, $2 }'
got=$(installed_release)
echo "installed $got"
[ "$got" = "$release" ] || exit 76
