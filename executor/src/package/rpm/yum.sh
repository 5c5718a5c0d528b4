# yum 3, as Enterprise Linux 6 and 7 have it. Everything that only looks does so in its cache (`-C`).

# Three words a package, a line broken where they are too long for it.
look_offer() {
    # It ends with 1 where nothing matches, as with a repository that cannot be read; its words tell.
    yum -q -C list available --showduplicates 'glusterfs*' 'libglusterfs*' 'libglusterd*' 'libgf*' 'python*-gluster' \
        >"$scratch/found" 2>"$scratch/said" || grep -q 'No matching Packages' "$scratch/said" ||
        { cat "$scratch/said" >&2 && return 1; }
    awk '/^Available Packages/ { next } { for (field = 1; field <= NF; field++) {
            word[++count] = $field
            if (count == 3) { sub(/\.[^.]*$/, "", word[1]); sub(/^0:/, "", word[2]); print word[1], word[2]; count = 0 }
        } }' "$scratch/found"
}

# Prints how yum calls the transaction that brings these: `install` passes over what is older than what is there
# (`install` in yum's __init__.py, 3.4.3), `downgrade` is for that.
verb() {
    anchor=$(anchor)
    there=$(family | awk -v anchor="$anchor" '$1 == anchor { print $2 }')
    for spec in "$@"; do
        case $spec in
        "$anchor"-[0-9]*)
            wanted=${spec#"$anchor"-}
            later=$(printf '%s\n%s\n' "$wanted" "$there" | sort -V | tail -n 1)
            if [ "$wanted" != "$there" ] && [ "$later" = "$there" ]; then echo downgrade && return; fi
            ;;
        esac
    done
    echo install
}

# yum ends with 1 because it was told to answer no.
simulate() {
    yum -C --assumeno "$(verb "$@")" "$@" </dev/null 2>&1
}

specs() {
    version=$1
    case $version in
    # yum writes the epoch before the name.
    *:*) while read -r package; do echo "${version%%:*}:$package-${version#*:}"; done ;;
    *) while read -r package; do echo "$package-$version"; done ;;
    esac
}

download() {
    yum -q -y "$(verb "$@")" --downloadonly "$@" </dev/null
}

transact() {
    yum -y "$(verb "$@")" "$@" </dev/null
}

locked() {
    sed -n 's/^\([^#!].*\)$/\1/p' /etc/yum/pluginconf.d/versionlock.list 2>/dev/null |
        grep -i -e gluster -e 'libgf' | sed 's/^/hold /'
    grep -i -H -e '^ *exclude *=.*\(gluster\|libgf\)' /etc/yum.conf /etc/yum.repos.d/*.repo 2>/dev/null |
        sed 's/^\([^:]*\):.*/hold all that exclude= names in \1/' | sort -u
}

unattended() {
    if service yum-cron status >/dev/null 2>&1 &&
        grep -q -i '^ *apply_updates *= *\(yes\|true\|1\)' /etc/yum/yum-cron.conf /etc/yum/yum-cron-hourly.conf 2>/dev/null; then
        echo "yum-cron runs and installs updates by itself"
    fi
}
