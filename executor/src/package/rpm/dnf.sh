# dnf 4. Everything that only looks does so in what dnf has fetched already (`-C`).

look_offer() {
    # `\n` is added by dnf 4 itself; a second one makes empty lines.
    dnf -q -C repoquery --available --showduplicates --qf '%{name} %{epoch}:%{version}-%{release}' \
        'glusterfs*' 'libglusterfs*' 'libglusterd*' 'libgf*' 'python*-gluster' >"$scratch/found" || return 1
    sed -e '/^$/d' -e 's/ 0:/ /' "$scratch/found"
}

# Prints the table of what installing these would do. dnf ends with 1 because it was told to answer no.
simulate() {
    dnf -C --assumeno --setopt=install_weak_deps=False install "$@" </dev/null 2>&1
}

specs() {
    version=$1
    while read -r package; do echo "$package-$version"; done
}

download() {
    dnf -q -y --setopt=install_weak_deps=False install --downloadonly "$@" </dev/null
}

transact() {
    dnf -y --setopt=install_weak_deps=False install "$@" </dev/null
}

# What keeps packages where they are: the versionlock plugin, and excludes.
locked() {
    sed -n 's/^\([^#!].*\)$/\1/p' /etc/dnf/plugins/versionlock.list /etc/yum/pluginconf.d/versionlock.list 2>/dev/null |
        grep -i -e gluster -e 'libgf' | sed 's/^/hold /'
    grep -i -H -e '^ *exclude\(pkgs\)\{0,1\} *=.*\(gluster\|libgf\)' \
        /etc/dnf/dnf.conf /etc/yum.conf /etc/yum.repos.d/*.repo 2>/dev/null |
        sed 's/^\([^:]*\):.*/hold all that exclude= names in \1/' | sort -u
}

unattended() {
    for timer in dnf-automatic-install.timer dnf-automatic.timer yum-cron.service; do
        systemctl is-active --quiet "$timer" 2>/dev/null || continue
        if [ "$timer" = dnf-automatic-install.timer ] ||
            grep -q -i '^ *apply_updates *= *\(yes\|true\|1\)' /etc/dnf/automatic.conf /etc/yum/yum-cron.conf 2>/dev/null; then
            echo "$timer is active and installs updates by itself"
        fi
    done
}
