# zypper. Everything that only looks does so in what zypper has fetched already (`--no-refresh`).

# Prints the attributes `name`, `edition` and `edition-old` of each solvable within the element $1.
solvables() {
    awk -v within="$1" '
        function attribute(key) {
            if (!match($0, " " key "=\"[^\"]*\"")) return "-"
            return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 4)
        }
        index($0, "<" within ">") || index($0, "<" within " ") { inside = 1 }
        inside && /<solvable / { print attribute("name"), attribute("edition"), attribute("edition-old") }
        index($0, "</" within ">") { inside = 0 }'
}

look_offer() {
    zypper -n -q --xmlout --no-refresh search -s -t package \
        'glusterfs*' 'libglusterfs*' 'libglusterd*' 'libgf*' 'python*-gluster' >"$scratch/found" || [ $? = 104 ] || return 1
    solvables solvable-list <"$scratch/found" | cut -d ' ' -f 1,2
}

# Prints a summary in the form that dnf's table is turned into, see `read_table`.
simulate() {
    zypper -n --xmlout --no-refresh install --dry-run --oldpackage --no-recommends "$@" </dev/null >"$scratch/summary" 2>&1
    status=$?
    for element in to-install to-upgrade to-downgrade to-reinstall to-change-arch; do
        solvables "$element" <"$scratch/summary" | awk '{ print "in", $1, $2 }'
    done
    solvables to-remove <"$scratch/summary" | awk '{ print "out", $1, $2 }'
    # 4: no solution. What it says then is for people.
    if [ "$status" != 0 ] && [ "$status" != 100 ] && [ "$status" != 106 ]; then
        sed -n -e 's/<[^>]*>//g' -e '/[^ ]/p' "$scratch/summary" | tail -n 10 | sed 's/^/Error: /'
    fi
}

# zypper prints no table: the above is in its form already.
read_table() {
    grep -e '^in ' -e '^out '
}

specs() {
    version=$1
    while read -r package; do echo "$package=$version"; done
}

download() {
    zypper -n --xmlout install --download-only --oldpackage --no-recommends --auto-agree-with-licenses "$@" </dev/null
}

transact() {
    zypper -n install --oldpackage --no-recommends --auto-agree-with-licenses "$@" </dev/null
    status=$?
    # 102 and 103: done, and something wants to be restarted. 106: a repository was skipped, which does not matter by now.
    case $status in 0 | 102 | 103 | 106) return 0 ;; *) return "$status" ;; esac
}

locked() {
    sed -n 's/^solvable_name: *\(.*\)$/\1/p' /etc/zypp/locks 2>/dev/null | grep -i -e gluster -e libgf -e '^\*$' | sed 's/^/hold /'
}

unattended() {
    for timer in transactional-update.timer yast2-online-update-configuration.timer; do
        if systemctl is-active --quiet "$timer" 2>/dev/null; then
            echo "$timer is active and installs updates by itself"
        fi
    done
}
