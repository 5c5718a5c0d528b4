# Tells which version of the packages brings the release $1, and what else installing it would change.
# Reads only: apt's caches are kept in memory, nothing is locked, no index is fetched.
# Prints `version V`, `change PACKAGE`, `remove PACKAGE`, `hold PACKAGE`, and at last `end`.
release=$1

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
# Without this apt would write its caches anew where they are stale.
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

family | cut -d ' ' -f 1 | sort >"$scratch/family"
apt-mark showhold | sort | comm -12 - "$scratch/family" | sed 's/^/hold /'

# From the package sources, and what is installed, which no source may have any more.
best=
for version in $(apt-cache madison glusterfs-server | awk -F ' *[|] *' '$3 ~ / Packages$/ { print $2 }') \
    $(family | awk '$1 == "glusterfs-server" { print $2 }'); do
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
    $(wanted "$best") >"$scratch/plan" 2>"$scratch/errors"; then
    grep -h -e '^E:' -e ' : ' "$scratch/errors" "$scratch/plan"
    exit 1
fi
awk '$1 == "Inst" || $1 == "Remv" { sub(/:.*/, "", $2); print $1, $2 }' "$scratch/plan" | sort -u >"$scratch/moved"
# The source of what will come is in its index, of what will go in dpkg's status; `Source:` is left out where equal.
# shellcheck disable=SC2046 # names of packages
apt-cache show $(awk '{ print $2 }' "$scratch/moved") 2>/dev/null |
    awk '/^Package: / { name = $2 } /^Source: glusterfs( |$)/ { print name }' | sort -u >>"$scratch/family"
while read -r act package; do
    grep -q -x -F -e "$package" "$scratch/family" && continue
    case $act in
    Inst) echo "change $package" ;;
    Remv) echo "remove $package" ;;
    esac
done <"$scratch/moved"
echo end
