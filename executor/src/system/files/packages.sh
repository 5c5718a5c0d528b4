# Tells what is installed of Gluster, which of its configuration files were edited, and whether packages move now.
# Reads only.
# Prints `manager NAME`, `package NAME VERSION`, `broken NAME STATE`, `edited FILE`, `busy WHO`, and at last `end`.
LC_ALL=C
export LC_ALL

# dpkg alone proves nothing (Fedora has it as a package), so it has to know itself as installed.
if command -v apt-get >/dev/null && dpkg-query -W dpkg >/dev/null 2>&1; then
    echo "manager apt"
    format='${source:Package} ${db:Status-Status} ${Package} ${Version}\n'
    names=$(dpkg-query -W -f="$format" | sed -n 's/^glusterfs //p' | while read -r state name version; do
        case $state in
        not-installed | config-files) continue ;;
        installed) echo "package $name $version" ;;
        *)
            echo "package $name $version"
            echo "broken $name $state"
            ;;
        esac
    done)
    printf '%s\n' "$names" | sed '/^$/d'
    # Each line of Conffiles: a blank, the file, its checksum as packaged, perhaps `obsolete`.
    for name in $(printf '%s\n' "$names" | sed -n 's/^package \([^ ]*\) .*/\1/p'); do
        dpkg-query -W -f='${Conffiles}\n' "$name" | while read -r file packaged _; do
            [ -f "$file" ] || continue
            now=$(md5sum <"$file") || continue
            [ "${now%% *}" = "$packaged" ] || echo "edited $file"
        done
    done
    locks="/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock"
elif command -v rpm >/dev/null; then
    manager=rpm
    for known in zypper yum dnf; do
        if command -v "$known" >/dev/null; then manager=$known; fi
    done
    echo "manager $manager"
    names=$(rpm -qa --qf '%{SOURCERPM} %{NAME} %{VERSION}-%{RELEASE}\n' | sed -n 's/^glusterfs-[0-9][^ ]* //p')
    printf '%s\n' "$names" | sed -n 's/^\([^ ][^ ]*\) \([^ ][^ ]*\)$/package \1 \2/p'
    for name in $(printf '%s\n' "$names" | sed 's/ .*//'); do
        # `S.5....T.  c /etc/glusterfs/glusterd.vol`: the fifth letter is for the contents.
        rpm -V --nodeps "$name" | sed -n 's/^..5......  *c  *\(\/.*\)$/edited \1/p'
    done
    locks="/var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock /run/zypp.pid"
else
    echo "manager none"
    locks=
fi

# Who holds a lock of the package manager, from the kernel's list of locks (by inode).
for lock in $locks; do
    inode=$(stat -c %i "$lock" 2>/dev/null) || continue
    pid=$(awk -v inode="$inode" '{ n = split($6, at, ":"); if (at[n] == inode && $2 != "->") { print $5; exit } }' /proc/locks)
    [ -n "$pid" ] || continue
    name=$(tr -c 'A-Za-z0-9._\n-' '_' <"/proc/$pid/comm" 2>/dev/null)
    echo "busy ${name:-a process} (pid $pid) holds $lock"
    break
done
echo end
