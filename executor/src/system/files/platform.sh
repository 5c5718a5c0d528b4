# Tells the operating system, the init and the programs that Gluster leans on. Reads only.
# $1: a directory in place of `/`, for trying it out.
# Prints `KEY VALUE` lines, `unit NAME ENABLED ACTIVE` lines, and at last `end`.
root=$1

# One value of os-release, without quotes. What is no plain word there is none of ours.
os_release() {
    sed -n "s/^$1=//p" "$root/etc/os-release" 2>/dev/null | tr -d "\"'" | tr -c 'A-Za-z0-9._\n-' '_' | head -n 1
}
echo "os $(os_release ID)"
echo "os-version $(os_release VERSION_ID)"

if [ -d "$root/run/systemd/system" ]; then
    echo "init systemd"
    for unit in glusterd glusterfs-server glustereventsd glusterfssharedstorage gluster-ta-volume; do
        # is-enabled and is-active end with a status of their own for each answer.
        enabled=$(systemctl is-enabled "$unit.service" 2>/dev/null)
        case $enabled in '' | not-found) continue ;; esac
        active=$(systemctl is-active "$unit.service" 2>/dev/null)
        echo "unit $unit $enabled ${active:-unknown}"
    done
else
    echo "init bare"
fi

# The first thing that looks like a version in what a program says of itself.
version_of() {
    command -v "$1" >/dev/null 2>&1 || return 0
    said=$("$@" --version 2>&1 | head -n 1 | grep -o '[0-9][0-9]*\.[0-9][0-9.]*[0-9a-z]*' | head -n 1)
    echo "$1 ${said:-unknown}"
}
version_of python3
version_of rsync
if command -v openssl >/dev/null 2>&1; then
    echo "openssl-dir $(openssl version -d 2>/dev/null | sed -n 's/^OPENSSLDIR: "\(.*\)"$/\1/p')"
fi

off=$(cat "$root/proc/sys/net/ipv6/conf/all/disable_ipv6" 2>/dev/null)
if [ -e "$root/proc/net/if_inet6" ] && [ "${off:-0}" = 0 ]; then echo "ipv6 on"; else echo "ipv6 off"; fi
echo end
