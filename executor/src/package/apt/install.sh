# Installs the version $1 of all Gluster packages, which is the release $2. With $3 `fetch`, downloads them only.
# Prints what was noteworthy, and at last `installed RELEASE` or `fetched VERSION`.
# Exit status 75: another such script runs on this host. 76: another release came of it.
version=$1
release=$2
mode=$3
case $version in
'' | *[!A-Za-z0-9.+:~-]*)
    echo "failed: not a version of a package: $version"
    exit 2
    ;;
esac

# The connection may go; a transaction that has begun goes on. All talk goes to a file first for the same reason.
trap '' HUP PIPE
umask 022
log=/var/log/gluster-upgrade-packages.log

# One at a time. apt inherits the lock, so that it holds for as long as apt runs, whatever becomes of us.
exec 9>/run/gluster-upgrade-packages.lock
if ! flock -n 9; then
    echo "busy: packages are being installed on this host by an earlier command"
    exit 75
fi
: >"$log"
printf 'version %s release %s mode %s\n' "$version" "$release" "${mode:-install}" >>"$log"
# By the lock it is ours alone, and what a run that was cut left in it goes.
scratch=/run/gluster-upgrade-packages
rm -rf "$scratch"
mkdir -m 755 "$scratch" || exit 1

# Package scripts ask policy-rc.d before they start or stop a service. Gluster's stay as the upgrade has them;
# all others (sshd above all, whose libraries may be replaced) are restarted as ever. An operator's own is left alone.
policy=/usr/sbin/policy-rc.d
mark='# Put here for a moment by an upgrade of Gluster; may be removed.'
take_policy_away() {
    if grep -q -x -F -e "$mark" "$policy" 2>/dev/null; then
        rm -f "$policy"
    fi
}
leave() {
    take_policy_away
    rm -rf "$scratch"
}
trap leave EXIT
# Whoever ends us by a signal ends the traps too, unless the signal ends in an exit.
trap 'exit 143' TERM INT

# One left by a run that was cut. Nobody else can have put it: we hold the lock.
take_policy_away

write_preferences "$version" "$scratch/preferences"
apt() {
    apt-get -q -y -o Dir::Etc::Preferences="$scratch/preferences" -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        --allow-downgrades --no-install-recommends "$@" </dev/null >>"$log" 2>&1
}
give_up() {
    echo "failed: $1"
    complaints <"$log" | tail -n 20
    echo "all of it is in $log on the host"
    exit 1
}
packages=$(available | wanted "$version")
[ -n "$packages" ] || give_up "the version $version is not on offer"

if [ "$mode" = fetch ]; then
    # shellcheck disable=SC2086 # names of packages
    apt install --download-only $packages || give_up "the packages could not be fetched"
    echo "fetched $version"
    exit 0
fi

if ! [ -e "$policy" ]; then
    # shellcheck disable=SC2016 # that script's own variables
    {
        echo '#!/bin/sh'
        echo "$mark"
        echo 'while :; do case $1 in --*) shift ;; *) break ;; esac; done'
        echo 'case $1 in gluster*) exit 101 ;; *) exit 0 ;; esac'
    } >"$scratch/policy"
    chmod 755 "$scratch/policy"
    # In one piece, lest a package script runs half of it.
    cp -p "$scratch/policy" "$policy.upgrade-new" && mv "$policy.upgrade-new" "$policy"
fi

if [ -n "$(dpkg --audit)" ]; then
    echo "dpkg had been interrupted before; it finishes what it had begun"
    # Not fatal by itself: the installation below may bring what it lacks.
    timeout 900 dpkg --configure -a --force-confdef --force-confold </dev/null >>"$log" 2>&1 ||
        echo "dpkg --configure -a ended with $?"
fi
if ! apt-get check >>"$log" 2>&1; then
    echo "packages lacked what they depend on; apt mends it"
    apt --fix-broken install || echo "apt-get --fix-broken install ended with $?"
fi

record_units

# What is named to apt counts as asked for by the operator from then on. What was not stays so.
automatic=$(family | cut -d ' ' -f 1 | sort -u | while read -r package; do apt-mark showauto "$package"; done)
# shellcheck disable=SC2086 # names of packages
apt install $packages || give_up "apt-get install ended with an error"
if [ "$(installed_release)" != "$release" ]; then
    # A file that moves between packages (`gluster` between glusterfs-cli and glusterfs-server, 9 and 10) is lost on
    # the way back: dpkg removes it with the package that had it. Unpacked again, it is there.
    echo "unpacking once more: gluster --version says $(installed_release)"
    # shellcheck disable=SC2086 # names of packages
    apt install --reinstall $packages || give_up "apt-get install --reinstall ended with an error"
fi

if [ -n "$automatic" ]; then
    # shellcheck disable=SC2086 # names of packages
    apt-mark auto $automatic >>"$log" 2>&1
fi

restore_units

# By the time of the rename: the file itself is as old as it is in its package.
find /etc -name '*.dpkg-dist' -cnewer "$scratch/preferences" 2>/dev/null | sed 's/^/kept your own file beside /'
family | awk -v version="$version" '$2 != version { print "left at another version: " $1, $2 }'
got=$(installed_release)
echo "installed $got"
[ "$got" = "$release" ] || exit 76
