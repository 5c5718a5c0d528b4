# Tells which version of the packages brings the release $1, and what installing it would do.
# Reads only: nothing is written outside a directory of ours, nothing is locked, no index is fetched.
# Prints `version V`, `move PACKAGE FROM TO` (`-` for none), `change PACKAGE`, `remove PACKAGE`, `hold PACKAGE`,
# `repository WORDS`, `half WORDS`, `unattended WORDS`, and at last `end`.
release=$1

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
# Without this apt would write the host's caches anew where they are stale. It works longer for it, some seconds a call
# with several suites in its sources, hence as few calls as may be.
printf 'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n' >"$scratch/apt.conf"
APT_CONFIG=$scratch/apt.conf
export APT_CONFIG

# Whether a Debian version is of the release: 11.1-6, 1:11.1-6ubuntu1 and 11.1+ds-1 are of 11.1; 11.1~rc0-1 is not.
is_of_release() {
    upstream=${1#*:}
    upstream=${upstream%-*}
    case ${upstream%%+*} in
    "$release") return 0 ;;
    "$release"~rc* | "$release"~qa* | "$release"~alpha* | "$release"~beta* | "$release"~pre* | "$release"~git*) return 1 ;;
    "$release"~*) return 0 ;;
    *) return 1 ;;
    esac
}

dpkg-query -W -f '${source:Package} ${db:Status-Want} ${Package}\n' |
    awk '$1 == "glusterfs" && $2 == "hold" { print "hold", $3 }'

one_line() {
    tr '\n' ' ' | sed -e 's/  */ /g' -e 's/ $//' | cut -c 1-400
}

# The second letter tells the state, the third an error: what `dpkg --audit` lists.
half=$(dpkg-query -W -f '${db:Status-Abbrev}|${Package}\n' | sed -n -e 's/^.[HUFWt].|//p' -e 's/^..R|//p' | one_line)
[ -z "$half" ] || echo "half not wholly installed: $half"

if [ -d /run/systemd/system ] && systemctl is-active --quiet apt-daily-upgrade.timer &&
    command -v unattended-upgrade >/dev/null &&
    apt-config dump APT::Periodic::Unattended-Upgrade | grep -q '"[1-9]'; then
    echo "unattended apt-daily-upgrade.timer is active, and APT::Periodic::Unattended-Upgrade is on"
fi

# What a refresh would fetch, which fetches nothing. A malformed source ends it.
if ! apt-get update --print-uris >"$scratch/sources" 2>"$scratch/errors"; then
    echo "repository $(grep '^E:' "$scratch/errors" | sort -u | one_line)"
    echo end
    exit 0
fi
# A source of which nothing is here was never fetched: its packages are not on offer, nor are they missing there.
eval "$(apt-config shell lists Dir::State::lists/d)"
sed -n "s/^'\(.*\)InRelease' \(.*\)InRelease .*/\1 \2/p" "$scratch/sources" | while read -r source prefix; do
    for file in "$lists$prefix"*; do
        if [ -e "$file" ]; then continue 2; fi
    done
    echo "repository no index of $source is here: it was not fetched"
done

anchor=$(anchor)
available >"$scratch/available"
best=
# shellcheck disable=SC2013 # words, one a line
for version in $(awk -v anchor="$anchor" '$1 == anchor { print $2 }' "$scratch/available"); do
    if is_of_release "$version" && { [ -z "$best" ] || dpkg --compare-versions "$version" gt "$best"; }; then
        best=$version
    fi
done
if [ -z "$best" ]; then
    echo end
    exit 0
fi
echo "version $best"

write_preferences "$best" "$scratch/preferences"
# shellcheck disable=SC2046 # names of packages
if ! apt-get -s -y -o Dir::Etc::Preferences="$scratch/preferences" install \
    --allow-downgrades --allow-change-held-packages --no-install-recommends \
    $(wanted "$best" <"$scratch/available") >"$scratch/plan" 2>"$scratch/errors"; then
    grep -h -e '^E:' -e ' : ' "$scratch/errors" "$scratch/plan"
    exit 1
fi
# apt may succeed with less than it was asked for, if the operator's pins are stronger.
if ! family | grep -q -x -F -e "$anchor $best" && ! awk -v wanted="($best" -v anchor="$anchor" '
    $1 == "Inst" && $2 == anchor && ($3 == wanted || $4 == wanted) { found = 1 }
    END { exit !found }' "$scratch/plan"; then
    echo "apt would not install $anchor $best; see apt-cache policy $anchor"
    exit 1
fi
awk '$1 == "Inst" || $1 == "Remv" { sub(/:.*/, "", $2); print $1, $2 }' "$scratch/plan" | sort -u >"$scratch/moved"
family | cut -d ' ' -f 1 | sort -u >"$scratch/family"
others() {
    awk '{ print $2 }' "$scratch/moved" | sort -u | comm -23 - "$scratch/family"
}
if [ -n "$(others)" ]; then
    # What this host does not have yet may be of the family all the same. `Source:` is left out where it is the name.
    # shellcheck disable=SC2046 # names of packages
    apt-cache show $(others) 2>/dev/null |
        awk '/^Package: / { name = $2 } /^Source: glusterfs( |$)/ { print name }' >>"$scratch/family"
fi
# Prints the versions before and after of the package $1: `Inst NAME [FROM] (TO …`, without [FROM] where it is new.
versions() {
    awk -v name="$1" '
        function bare(word) { gsub(/[][(]/, "", word); return word }
        { sub(/:.*/, "", $2) }
        $2 != name { next }
        $1 == "Remv" { print bare($3), "-"; exit }
        $1 == "Inst" && $3 ~ /^\[/ { print bare($3), bare($4); exit }
        $1 == "Inst" { print "-", bare($3); exit }' "$scratch/plan"
}
while read -r act package; do
    if grep -q -x -F -e "$package" "$scratch/family"; then
        echo "move $package $(versions "$package")"
        continue
    fi
    case $act in
    Inst) echo "change $package" ;;
    Remv) echo "remove $package" ;;
    esac
done <"$scratch/moved"
echo end
